extension Operation {
    var queue: String {
        switch self {
        case .createQueue(let queue, _), .deleteQueue(let queue), .setQueueAttributes(let queue, _),
            .getQueueAttributes(let queue), .purgeQueue(let queue), .sendMessage(let queue, _),
            .receiveMessage(let queue, _), .deleteMessage(let queue, _), .changeMessageVisibility(let queue, _):
            queue
        }
    }

    var request: WireRequest {
        let (action, fields) = parts
        if case .createQueue = self {
            return WireRequest(action: action, fields: [.init("QueueName", .text(queue))] + fields)
        }
        return WireRequest(action: action, fields: [.init("QueueUrl", .text("000000000000/\(queue)"))] + fields)
    }

    private var parts: (action: String, fields: [WireRequest.Field]) {
        switch self {
        case .createQueue(_, let attributes): ("CreateQueue", [Self.map(attributes.texts)])
        case .deleteQueue: ("DeleteQueue", [])
        case .setQueueAttributes(_, let change):
            ("SetQueueAttributes", [Self.map([change.text.name: change.text.value])])
        case .getQueueAttributes:
            ("GetQueueAttributes", [.init("AttributeNames", query: "AttributeName", .texts(["All"]))])
        case .purgeQueue: ("PurgeQueue", [])
        case .sendMessage(_, let drafts): Self.batch("SendMessage", drafts.map(\.fields))
        case .receiveMessage(_, let options): ("ReceiveMessage", options.fields)
        case .deleteMessage(_, let handles):
            Self.batch("DeleteMessage", handles.map { [.init("ReceiptHandle", .text($0))] })
        case .changeMessageVisibility(_, let changes):
            Self.batch(
                "ChangeMessageVisibility",
                changes.map {
                    [.init("ReceiptHandle", .text($0.handle)), .init("VisibilityTimeout", .number($0.seconds))]
                })
        }
    }

    private static func map(_ texts: [String: String]) -> WireRequest.Field {
        let entries = texts.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        return .init("Attributes", query: "Attribute", .map(entries))
    }

    /// One is asked for by itself, several in a batch whose entries are called by their places.
    private static func batch(
        _ action: String, _ entries: [[WireRequest.Field]]
    ) -> (action: String, fields: [WireRequest.Field]) {
        if entries.count == 1 { return (action, entries[0]) }
        let named = entries.enumerated().map { [WireRequest.Field("Id", .text("\($0)"))] + $1 }
        return (
            "\(action)Batch", [.init("Entries", query: "\(action)BatchRequestEntry", .structures(named))]
        )
    }
}

extension Draft {
    fileprivate var fields: [WireRequest.Field] {
        var fields: [WireRequest.Field] = [
            .init("MessageBody", .text(body)),
            .init(
                "MessageAttributes", query: "MessageAttribute",
                .structureMap(attributes.map { (name: $0.name, value: $0.fields) })),
        ]
        if let group { fields.append(.init("MessageGroupId", .text(group))) }
        if let deduplicationID { fields.append(.init("MessageDeduplicationId", .text(deduplicationID))) }
        if let delay { fields.append(.init("DelaySeconds", .number(delay))) }
        return fields
    }
}

extension Draft.Attribute {
    fileprivate var fields: [WireRequest.Field] {
        [.init("DataType", .text(type)), .init(isBinary ? "BinaryValue" : "StringValue", .text(value))]
    }
}

extension ReceiveOptions {
    fileprivate var fields: [WireRequest.Field] {
        var fields: [WireRequest.Field] = [
            .init("MaxNumberOfMessages", .number(limit)),
            .init("MessageAttributeNames", query: "MessageAttributeName", .texts(["All"])),
            .init("MessageSystemAttributeNames", query: "MessageSystemAttributeName", .texts(["All"])),
        ]
        if let visibilityTimeout { fields.append(.init("VisibilityTimeout", .number(visibilityTimeout))) }
        if let attempt { fields.append(.init("ReceiveRequestAttemptId", .text(attempt))) }
        return fields
    }
}
