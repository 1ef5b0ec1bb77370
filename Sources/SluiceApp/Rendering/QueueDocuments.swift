import Foundation
import Sluice

/// A message as `queue peek --json` prints it.
struct PeekedMessageDocument: Encodable {
    var messageID: String
    var state: String
    var group: String?
    var sent: String
    var receiveCount: Int
    var visible: String?
    var holder: String?
    var body: String
    /// Where the body is text.
    var bodyText: String?

    init(_ message: PeekedMessage) {
        messageID = message.id.description
        state = message.state.rawValue
        group = message.group
        sent = TimeText.rfc3339(message.sent)
        receiveCount = message.receiveCount
        visible = message.visible.map(TimeText.rfc3339)
        holder = message.holder
        body = Data(message.body).base64EncodedString()
        bodyText = String(validating: message.body, as: UTF8.self)
    }
}

/// A queue with all that is known of it, as `queue show --json` prints it.
struct QueueDetailDocument: Encodable {
    struct Group: Encodable {
        var group: String
        var waiting: Int
        var oldest: String
    }

    struct Discard: Encodable {
        var time: String
        var action: String
        var messages: Int
        var who: String
        var reason: String?
    }

    var queue: QueueDocument
    var attributes: [String: String]
    var tags: [String: String]
    var groups: [Group]
    var groupCount: Int
    var drainSeconds: Double?
    var discards: [Discard]

    private enum CodingKeys: String, CodingKey {
        case attributes, tags, groups, groupCount, drainSeconds, discards
    }

    init(_ detail: QueueDetail) {
        queue = QueueDocument(detail.report)
        attributes = Dictionary(
            QueueText.attributes(detail.attributes).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        tags = detail.attributes.tags
        groups = detail.groups.map {
            Group(group: $0.name, waiting: $0.waiting, oldest: TimeText.rfc3339($0.oldest))
        }
        groupCount = detail.groupCount
        drainSeconds = detail.drain?.inSeconds
        discards = detail.discards.map {
            Discard(
                time: TimeText.rfc3339($0.time), action: $0.action, messages: $0.count, who: $0.who,
                reason: $0.reason.isEmpty ? nil : $0.reason)
        }
    }

    /// The figures of the queue, and beside them the rest.
    func encode(to encoder: any Encoder) throws {
        try queue.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(attributes, forKey: .attributes)
        try container.encode(tags, forKey: .tags)
        try container.encode(groups, forKey: .groups)
        try container.encode(groupCount, forKey: .groupCount)
        try container.encodeIfPresent(drainSeconds, forKey: .drainSeconds)
        try container.encode(discards, forKey: .discards)
    }
}
