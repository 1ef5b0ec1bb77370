import Foundation
import Sluice
import SluiceWire

extension NewMessage {
    /// - Parameter isFIFO: a message without a deduplication id is its own: it gets one that no other has. It is the same
    ///   when the request is made again.
    func identified(isFIFO: Bool) -> NewMessage {
        guard isFIFO, deduplicationID == nil else { return self }
        var message = self
        message.deduplicationID = UUID().uuidString
        return message
    }

    func write(to writer: inout AnswerWriter) {
        writer.text(SQSFields.messageBody, body)
        if let group { writer.text(SQSFields.groupID, group) }
        if let deduplicationID { writer.text(SQSFields.deduplicationID, deduplicationID) }
        if let delay { writer.integer(SQSFields.delaySeconds, Int(delay.milliseconds / 1_000)) }
        writer.structureMap(
            SQSFields.messageAttributes, (properties?.attributes ?? []).map { ($0.name, $0) }
        ) { writer, attribute in
            writer.text(SQSFields.dataType, attribute.type)
            switch attribute.value {
            case .text(let text): writer.text(SQSFields.stringValue, text)
            case .binary(let bytes): writer.blob(SQSFields.binaryValue, bytes)
            }
        }
        if let trace = properties?.traceHeader {
            writer.structureMap(SQSFields.messageSystemAttributes, [("AWSTraceHeader", trace)]) { writer, trace in
                writer.text(SQSFields.dataType, "String")
                writer.text(SQSFields.stringValue, trace)
            }
        }
    }
}

extension ReceivedMessage {
    /// - Throws: `AWSError` when what every message has is missing, or its body is not the one that was sent.
    init(sqs message: Parameters) throws {
        guard let id = try message.text(SQSFields.messageID).flatMap(MessageID.init),
            let handle = try message.text(SQSFields.receiptHandle), let body = try message.bytes(SQSFields.body)
        else { throw AWSError(status: 200, code: "Unreadable", message: "a message without id, receipt or body") }
        if let digest = try message.text(SQSFields.receivedBodyDigest), digest != MessageDigests.body(body) {
            throw AWSError(
                status: 200, code: "Unreadable", message: "message \(id) did not arrive as it was sent (MD5)")
        }
        let pairs = try message.map(SQSFields.attributes) ?? []
        let values = Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        let moment = { (name: String) in
            values[name].flatMap { Int64($0) }.map(Timestamp.init(milliseconds:))
        }
        let count = values["ApproximateReceiveCount"].flatMap { Int($0) } ?? 1
        let sent = moment("SentTimestamp") ?? Timestamp(milliseconds: 0)
        self.init(
            id: id, body: body,
            receipt: ReceiptHandle(message: id, generation: UInt32(clamping: count), opaque: handle),
            receiveCount: count, sent: sent,
            lineage: Lineage(identity: RecordIdentity(id), group: values["MessageGroupId"], received: sent))
        firstReceived = moment("ApproximateFirstReceiveTimestamp")
        deduplicationID = values["MessageDeduplicationId"]
        sequenceNumber = values["SequenceNumber"].flatMap { UInt64($0) }.map(SequenceNumber.init)
        deadLetterSource = values["DeadLetterQueueSourceArn"].flatMap { $0.split(separator: ":").last.map(String.init) }
        properties = MessageProperties(
            attributes: try message.structureMap(SQSFields.messageAttributes).map(MessageAttribute.init(sqs:)),
            traceHeader: values["AWSTraceHeader"], sender: values["SenderId"])
    }
}

extension MessageAttribute {
    fileprivate init(sqs member: (key: String, value: Parameters)) throws {
        let type = try member.value.text(SQSFields.dataType) ?? "String"
        if let bytes = try member.value.blob(SQSFields.binaryValue) {
            self.init(name: member.key, type: type, value: .binary(bytes))
        } else {
            self.init(name: member.key, type: type, value: .text(try member.value.bytes(SQSFields.stringValue) ?? []))
        }
    }
}

/// The answer to a batch, brought into the order of its entries, whose ids are their places.
struct BatchAnswer {
    let results: [Result<Parameters, AWSError>]

    /// - Throws: `AWSError` when an entry was not answered.
    init(_ answer: Parameters, of action: String, count: Int) throws {
        var found: [Int: Result<Parameters, AWSError>] = [:]
        for entry in try answer.structures(SQSFields.successful(of: action)) ?? [] {
            if let place = try entry.text(SQSFields.entryID).flatMap({ Int($0) }) { found[place] = .success(entry) }
        }
        for entry in try answer.structures(SQSFields.failed) ?? [] {
            guard let place = try entry.text(SQSFields.entryID).flatMap({ Int($0) }) else { continue }
            found[place] = .failure(
                AWSError(
                    status: 400, code: try entry.text(SQSFields.code) ?? "Unknown",
                    message: try entry.text(SQSFields.message) ?? ""))
        }
        results = try (0..<count).map { place in
            guard let result = found[place] else {
                throw AWSError(status: 200, code: "Unreadable", message: "\(action) has not answered entry \(place)")
            }
            return result
        }
    }
}
