import Sluice
import SluiceWire

extension SQSAction {
    static let receiveMessage = SQSAction("ReceiveMessage") { call, answer in
        let queue = try call.queue(for: "ReceiveMessage")
        let request = try ReceiveReading.request(call, queue)
        let wanted = try WantedAttributes(call)
        let received: [ReceivedMessage]
        do {
            received = try await queue.listed.queue.receive(request)
        } catch is CancellationError {
            // The server ends, or the client has gone: nothing was taken.
            received = []
        }
        let now = call.engine.clock.now
        answer.structures(SQSFields.messages, count: received.count) { answer, index in
            let message = received[index]
            let text = MessageText(message.body, call.wire)
            answer.text(SQSFields.messageID, message.id.description)
            answer.text(
                SQSFields.receiptHandle, call.receipts.token(of: message.receipt, queue: queue.name, at: now))
            answer.text(SQSFields.receivedBodyDigest, MessageDigests.body(text.bytes))
            answer.text(SQSFields.body, text.bytes)
            wanted.write(message, call, to: &answer)
        }
    }
}

/// A body as a protocol can carry it. What a client of SQS has sent is always such a text; a record of a pipeline may be
/// any bytes.
private struct MessageText {
    let bytes: Bytes

    init(_ body: Bytes, _ wire: WireProtocol) {
        bytes = XMLCharacters.allowed(body) ? body : XMLCharacters.repaired(body)[...]
    }
}

/// Reads how somebody wants to receive.
private enum ReceiveReading {
    static func request(_ call: SQSCall, _ queue: SQSCall.Queue) throws -> ReceiveRequest {
        let limit = try call.integer(
            SQSFields.maxNumberOfMessages, in: Limits.batchEntries.now,
            otherwise: "Must be between 1 and 10, if provided.")
        let wait = try call.integer(
            SQSFields.waitTimeSeconds, in: 0...20, otherwise: "Must be >= 0 and <= 20, if provided.")
        let timeout = try call.integer(
            SQSFields.visibilityTimeout, in: 0...43_200, otherwise: "Must be between 0 and 43200, if provided.")
        let attempt = try call.parameters.text(SQSFields.attemptID)
        if let attempt {
            guard queue.isFIFO else {
                throw SQSError.invalidValue(
                    attempt, of: SQSFields.attemptID.json,
                    "The request includes a parameter that is not valid for this queue type.")
            }
            try MessageReading.checkID(attempt, SQSFields.attemptID)
        }
        return ReceiveRequest(
            limit: limit ?? 1, wait: wait.map { .seconds($0) } ?? queue.attributes.receiveWait,
            visibilityTimeout: timeout.map { .seconds($0) }, holder: .client, attemptID: attempt, who: call.who)
    }
}

/// Which attributes of each message somebody wants: none unless he says so.
private struct WantedAttributes {
    private let system: Set<String>
    private let names: Set<String>
    private let prefixes: [String]
    private let allNames: Bool

    private static let known: Set<String> = [
        "All", "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
        "SequenceNumber", "MessageDeduplicationId", "MessageGroupId", "AWSTraceHeader", "DeadLetterQueueSourceArn",
    ]

    init(_ call: SQSCall) throws {
        let system =
            try call.parameters.texts(SQSFields.attributeNames)
            + call.parameters.texts(SQSFields.systemAttributeNames)
        if let unknown = system.first(where: { !Self.known.contains($0) }) {
            throw SQSError.unknownAttribute(unknown)
        }
        self.system = Set(system)
        let names = try call.parameters.texts(SQSFields.messageAttributeNames)
        self.names = Set(names)
        allNames = !Set(["All", "*", ".*"]).isDisjoint(with: names)
        prefixes = names.filter { $0.hasSuffix(".*") }.map { String($0.dropLast(2)) }
    }

    func write(_ message: ReceivedMessage, _ call: SQSCall, to answer: inout AnswerWriter) {
        let attributes = (message.properties?.attributes ?? []).filter { wants($0.name) }
        if let digest = MessageDigests.attributes(attributes) { answer.text(SQSFields.attributesDigest, digest) }
        answer.structureMap(
            SQSFields.messageAttributes, attributes.sorted { $0.name < $1.name }.map { ($0.name, $0) }
        ) { answer, attribute in
            switch attribute.value {
            case .text(let text): answer.text(SQSFields.stringValue, text)
            case .binary(let bytes): answer.blob(SQSFields.binaryValue, bytes)
            }
            answer.text(SQSFields.dataType, attribute.type)
        }
        guard !system.isEmpty else { return }
        let all = system.contains("All")
        answer.map(
            SQSFields.attributes, Self.values(of: message, call).filter { all || system.contains($0.key) })
    }

    private func wants(_ name: String) -> Bool {
        allNames || names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }

    private static func values(of message: ReceivedMessage, _ call: SQSCall) -> [(key: String, value: String)] {
        let source = message.deadLetterSource.map { call.location(ofQueue: $0).arn }
        let values: [(String, String?)] = [
            ("SenderId", message.properties?.sender ?? call.home.account),
            ("ApproximateFirstReceiveTimestamp", message.firstReceived.map { String($0.milliseconds) }),
            ("ApproximateReceiveCount", String(message.receiveCount)),
            ("SentTimestamp", String(message.sent.milliseconds)),
            ("SequenceNumber", message.sequenceNumber?.description),
            ("MessageDeduplicationId", message.deduplicationID),
            ("MessageGroupId", message.lineage.group),
            ("AWSTraceHeader", message.properties?.traceHeader),
            ("DeadLetterQueueSourceArn", source),
        ]
        return values.compactMap { name, value in value.map { (name, $0) } }
    }
}
