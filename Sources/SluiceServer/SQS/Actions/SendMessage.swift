import Sluice
import SluiceWire

extension SQSAction {
    static let sendMessage = SQSAction("SendMessage") { call, answer in
        let queue = try call.queueToSend()
        let sent = try MessageReading(call, queue).read(call.parameters)
        guard let result = try await queue.listed.queue.send([sent.message]).first else { return }
        try sent.write(result.get(), to: &answer)
    }

    static let sendMessageBatch = SQSAction("SendMessageBatch") { call, answer in
        let queue = try call.queueToSend()
        let entries = try BatchCheck.entries(call, of: "SendMessageBatch")
        try MessageReading.checkBatch(entries, queue)
        try checkSize(of: entries)
        let reading = MessageReading(call, queue)
        let read = entries.map { id, entry in (id, WireError.catching { try reading.read(entry) }) }
        let messages = read.compactMap { entry in if case .success(let sent) = entry.1 { sent.message } else { nil } }
        var results = (messages.isEmpty ? [] : try await queue.listed.queue.send(messages))[...]
        let outcomes = read.map { id, sent in
            (
                id: id,
                outcome: sent.flatMap { sent -> Result<(SentMessage, StoredMessage), WireError> in
                    guard let result = results.popFirst() else {
                        return .failure(SQSError.internalFailure("no result"))
                    }
                    return WireError.catching { (sent, try result.get()) }
                }
            )
        }
        BatchCheck.write(outcomes, of: "SendMessageBatch", to: &answer) { answer, entry in
            entry.0.write(entry.1, to: &answer)
        }
    }

    /// A batch has a limit of its own, whatever the queue's is.
    private static func checkSize(of entries: [(id: String, entry: Parameters)]) throws {
        let most = Limits.messageSize.now.upperBound.bytes
        let size = try entries.reduce(0) { try $0 + MessageReading.size(of: $1.entry) }
        guard size <= most else { throw SQSError.batchTooLong(size, most: most) }
    }
}

/// A message that was stored, or accepted and dropped.
struct StoredMessage {
    var id: MessageID
    var sequence: SequenceNumber?
}

extension SendResult {
    fileprivate func get() throws -> StoredMessage {
        switch self {
        case .stored(let id, let sequence), .duplicate(let id, let sequence): StoredMessage(id: id, sequence: sequence)
        case .refused(let reason): throw SQSError.invalidParameter(reason)
        }
    }
}

extension SentMessage {
    fileprivate func write(_ stored: StoredMessage, to answer: inout AnswerWriter) {
        answer.text(SQSFields.messageID, stored.id.description)
        answer.text(SQSFields.bodyDigest, bodyDigest)
        if let attributesDigest { answer.text(SQSFields.attributesDigest, attributesDigest) }
        if let systemAttributesDigest { answer.text(SQSFields.systemAttributesDigest, systemAttributesDigest) }
        if let sequence = stored.sequence { answer.text(SQSFields.sequenceNumber, sequence.description) }
    }
}

extension SQSCall {
    /// The queue of the request, if clients may send to it.
    fileprivate func queueToSend() throws -> Queue {
        let queue = try queue(for: "SendMessage")
        if let owner = queue.listed.owner, !owner.isIntake {
            throw SQSError.unsupported(
                "Queue '\(queue.location.name)' is an inner queue of pipeline '\(owner.pipeline)': only its steps put messages "
                    + "there.")
        }
        return queue
    }
}

extension WireError {
    /// What one entry of a batch came to.
    static func catching<Value>(_ body: () throws -> Value) -> Result<Value, WireError> {
        do { return .success(try body()) } catch { return .failure(WireError(error)) }
    }
}
