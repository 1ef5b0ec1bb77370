import Sluice
import SluiceWire

/// What holds of the tags of a queue.
enum QueueTags {
    /// - Throws: `WireError` when there would be too many, or a name is none.
    static func adding(
        _ tags: [(key: String, value: String)], to present: [String: String], queue: String
    ) throws -> [String: String] {
        var all = present
        for (key, value) in tags {
            guard (1...128).contains(key.unicodeScalars.count) else {
                throw SQSError.invalidParameter("Tag keys must be between 1 and 128 characters in length.")
            }
            guard value.unicodeScalars.count <= 256 else {
                throw SQSError.invalidParameter("Tag values must be between 0 and 256 characters in length.")
            }
            all[key] = value
        }
        guard all.count <= Limits.tags.now.upperBound else {
            throw SQSError.invalidParameter("Too many tags added for queue \(queue).")
        }
        return all
    }
}

extension SQSAction {
    static let tagQueue = SQSAction("TagQueue", hasResult: false) { call, _ in
        let queue = try call.queue(for: "TagQueue")
        guard let tags = try call.parameters.map(SQSFields.tags), !tags.isEmpty else {
            throw SQSError.missingParameter(SQSFields.tags.json)
        }
        try await call.engine.queues.change(queue.name) { attributes in
            attributes.tags = try QueueTags.adding(tags, to: attributes.tags, queue: queue.location.name)
        }
    }

    static let untagQueue = SQSAction("UntagQueue", hasResult: false) { call, _ in
        let queue = try call.queue(for: "UntagQueue")
        let keys = try call.parameters.texts(SQSFields.tagKeys)
        guard !keys.isEmpty else { throw SQSError.missingParameter(SQSFields.tagKeys.json) }
        try await call.engine.queues.change(queue.name) { attributes in
            for key in keys { attributes.tags[key] = nil }
        }
    }

    static let listQueueTags = SQSAction("ListQueueTags") { call, answer in
        let tags = try call.queue(for: "ListQueueTags").attributes.tags
        answer.map(SQSFields.tags, tags.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, key: "Key")
    }
}
