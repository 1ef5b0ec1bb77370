import Crypto
import Sluice
import SluiceWire

/// A message of SendMessage, or of an entry of SendMessageBatch, read and checked.
struct SentMessage: Sendable {
    var message: NewMessage
    var bodyDigest: String
    var attributesDigest: String?
    var systemAttributesDigest: String?
    /// Bytes of body and attributes, as they count against a queue's MaximumMessageSize.
    var size: Int
}

/// Reads messages as their senders give them.
struct MessageReading {
    let queue: SQSCall.Queue
    let caller: Caller
    /// Of the request's own `X-Amzn-Trace-Id` header.
    let traceHeader: String?

    init(_ call: SQSCall, _ queue: SQSCall.Queue) {
        self.queue = queue
        caller = call.caller
        traceHeader = call.request.header("x-amzn-trace-id")
    }

    /// The size of a message that may not be sent at all: it still counts for its batch.
    static func size(of entry: Parameters) throws -> Int {
        let body = try entry.bytes(SQSFields.messageBody)?.count ?? 0
        return try entry.structureMap(SQSFields.messageAttributes).reduce(body) { size, attribute in
            let value = attribute.value
            let text = try value.bytes(SQSFields.stringValue)?.count ?? 0
            let binary = try value.blob(SQSFields.binaryValue)?.count ?? 0
            let type = try value.bytes(SQSFields.dataType)?.count ?? 0
            return size + attribute.key.utf8.count + type + text + binary
        }
    }

    func read(_ entry: Parameters) throws -> SentMessage {
        guard let body = try entry.bytes(SQSFields.messageBody), !body.isEmpty else {
            throw SQSError.missingParameter(SQSFields.messageBody.json)
        }
        guard XMLCharacters.allowed(body) else {
            throw SQSError.invalidMessageContents(
                "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
                    + "#x10000 to #x10FFFF")
        }
        let attributes = try MessageAttributeReading.attributes(entry)
        let trace = try MessageAttributeReading.traceHeader(entry)
        let size = attributes.reduce(body.count) { $0 + $1.size }
        let most = queue.attributes.maximumMessageSize
        guard size <= most else {
            throw SQSError.invalidParameter(
                "One or more parameters are invalid. Reason: Message must be shorter than \(most) bytes.")
        }
        let message = NewMessage(
            body: body, group: try group(entry), deduplicationID: try deduplicationID(entry, body),
            delay: try delay(entry),
            properties: MessageProperties(
                attributes: attributes, traceHeader: trace ?? traceHeader, sender: caller.accessKeyID))
        return SentMessage(
            message: message, bodyDigest: MessageDigests.body(body),
            attributesDigest: MessageDigests.attributes(attributes),
            systemAttributesDigest: trace.flatMap(MessageDigests.traceHeader), size: size)
    }

    private func delay(_ entry: Parameters) throws -> Duration? {
        guard let seconds = try entry.integer(SQSFields.delaySeconds) else { return nil }
        if queue.isFIFO {
            // Zero says nothing: the queue's own delay holds.
            if seconds == 0 { return nil }
            throw SQSError.invalidValue(
                String(seconds), of: SQSFields.delaySeconds.json,
                "The request include parameter that is not valid for this queue type.")
        }
        guard Limits.delay.now.contains(.seconds(seconds)) else {
            throw SQSError.invalidValue(
                String(seconds), of: SQSFields.delaySeconds.json, "DelaySeconds must be >= 0 and <= 900.")
        }
        return .seconds(seconds)
    }

    // MARK: FIFO

    private func group(_ entry: Parameters) throws -> String? {
        let group = try entry.text(SQSFields.groupID)
        if let group { try Self.checkID(group, SQSFields.groupID) }
        // A definition that reads the group from the record needs none.
        if group == nil, queue.isFIFO, queue.listed.owner?.readsGroup != true {
            throw SQSError.missingParameter(SQSFields.groupID.json)
        }
        return group
    }

    private func deduplicationID(_ entry: Parameters, _ body: Bytes) throws -> String? {
        let id = try entry.text(SQSFields.deduplicationID)
        guard let fifo = queue.attributes.fifo else {
            if let id {
                throw SQSError.invalidValue(
                    id, of: SQSFields.deduplicationID.json,
                    "The request includes a parameter that is not valid for this queue type.")
            }
            return nil
        }
        if let id {
            try Self.checkID(id, SQSFields.deduplicationID)
            return id
        }
        guard fifo.contentBasedDeduplication else { throw Self.missingDeduplicationID }
        return Hexadecimal.sha256(of: body)
    }

    static let missingDeduplicationID = SQSError.invalidParameter(
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")

    /// What a FIFO queue's batch as a whole is refused for.
    static func checkBatch(_ entries: [(id: String, entry: Parameters)], _ queue: SQSCall.Queue) throws {
        guard let fifo = queue.attributes.fifo else { return }
        for (_, entry) in entries {
            if !fifo.contentBasedDeduplication, try entry.text(SQSFields.deduplicationID) == nil {
                throw missingDeduplicationID
            }
            if queue.listed.owner?.readsGroup != true, try entry.text(SQSFields.groupID) == nil {
                throw SQSError.invalidParameter("The request must contain the parameter MessageGroupId.")
            }
        }
    }

    /// 1 to 128 letters, digits and punctuation.
    static func checkID(_ id: String, _ parameter: ParameterName) throws {
        let isID = Limits.fifoID.now.contains(id.utf8.count) && id.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard !isID else { return }
        throw SQSError.invalidValue(
            id, of: parameter.json,
            "\(parameter.json) can only include alphanumeric and punctuation characters. 1 to 128 in length.")
    }
}
