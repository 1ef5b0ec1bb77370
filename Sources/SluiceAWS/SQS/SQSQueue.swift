package import AsyncHTTPClient
package import Sluice
import SluiceWire

/// A queue of SQS, in AWS or wherever somebody speaks as it does.
package struct SQSQueue: BoundedQueue {
    package let name: String
    private let url: String
    private let client: AWSClient
    private let clock: any EngineClock

    private static let mostEntries = Limits.batchEntries.now.upperBound
    private static let longestBatch = Limits.messageSize.now.upperBound.bytes
    private static let longestWait = Limits.receiveWait.now.upperBound

    /// - Parameter url: the queue's QueueUrl.
    package init(name: String, url: String, client: AWSClient, clock: any EngineClock) {
        self.name = name
        self.url = url
        self.client = client
        self.clock = clock
    }

    /// What speaks to SQS for all queues of a region.
    package static func client(
        endpoint: String, region: String, http: HTTPClient, credentials: CredentialChain, clock: any EngineClock
    ) -> AWSClient {
        AWSClient(
            service: "sqs", targetPrefix: "AmazonSQS", endpoint: endpoint, region: region, http: http,
            credentials: credentials, clock: clock)
    }

    /// SQS has no limit.
    package var room: Int { .max }
    package func waitForRoom() async throws { try Task.checkCancellation() }

    // MARK: Sending

    package func send(_ messages: [NewMessage]) async throws -> [SendResult] {
        var results: [SendResult] = []
        while results.count < messages.count {
            let batch = messages[results.count...].prefix(Self.batchLength(messages[results.count...]))
            results += try await sendBatch(batch)
        }
        return results
    }

    /// How many of these fit into one request.
    private static func batchLength(_ messages: ArraySlice<NewMessage>) -> Int {
        var (count, bytes) = (0, 0)
        for message in messages.prefix(mostEntries) {
            bytes += message.body.count + (message.properties?.attributes.reduce(0) { $0 + $1.size } ?? 0)
            // One that is too large by itself is the service's to refuse.
            if count > 0, bytes > longestBatch { break }
            count += 1
        }
        return count
    }

    private func sendBatch(_ batch: ArraySlice<NewMessage>) async throws -> [SendResult] {
        let isFIFO = name != QueueNames.bare(name)
        let messages = batch.map { $0.identified(isFIFO: isFIFO) }
        let answer = try await call("SendMessageBatch") { writer in
            writer.structures(SQSFields.entries(of: "SendMessageBatch"), count: messages.count) { writer, index in
                writer.text(SQSFields.entryID, String(index))
                messages[index].write(to: &writer)
            }
        }
        return try BatchAnswer(answer, of: "SendMessageBatch", count: messages.count).results.map { result in
            switch result {
            case .success(let entry):
                guard let id = try entry.text(SQSFields.messageID).flatMap(MessageID.init) else {
                    throw AWSError(status: 200, code: "Unreadable", message: "a message without an id")
                }
                let number = try entry.text(SQSFields.sequenceNumber).flatMap { UInt64($0) }
                return .stored(id, number.map(SequenceNumber.init))
            case .failure(let error): return .refused(error.message)
            }
        }
    }

    // MARK: Receiving

    package func receive(_ request: ReceiveRequest) async throws -> [ReceivedMessage] {
        let deadline = request.wait.map { clock.now + $0 }
        var received: [ReceivedMessage] = []
        while received.count < request.limit {
            try Task.checkCancellation()
            // Once there is something nobody waits for more.
            let left = received.isEmpty ? deadline.map { max(.zero, $0 - clock.now) } ?? Self.longestWait : .zero
            let messages = try await receiveBatch(
                request, limit: min(Self.mostEntries, request.limit - received.count),
                wait: min(Self.longestWait, left))
            received += messages
            if messages.isEmpty {
                guard received.isEmpty, deadline.map({ clock.now < $0 }) ?? true else { break }
            } else if messages.count < Self.mostEntries {
                break
            }
        }
        return received
    }

    private func receiveBatch(
        _ request: ReceiveRequest, limit: Int, wait: Duration
    ) async throws -> [ReceivedMessage] {
        let answer = try await call("ReceiveMessage") { writer in
            writer.integer(SQSFields.maxNumberOfMessages, limit)
            writer.integer(SQSFields.waitTimeSeconds, Int(wait.milliseconds / 1_000))
            writer.texts(SQSFields.systemAttributeNames, ["All"])
            writer.texts(SQSFields.messageAttributeNames, ["All"])
            if let timeout = request.visibilityTimeout {
                writer.integer(SQSFields.visibilityTimeout, Int(timeout.milliseconds / 1_000))
            }
            if let attempt = request.attemptID { writer.text(SQSFields.attemptID, attempt) }
        }
        return try answer.structures(SQSFields.messages)?.map(ReceivedMessage.init(sqs:)) ?? []
    }

    // MARK: Receipts

    package func extend(_ receipts: [ReceiptHandle], to timeout: Duration) async throws -> [ReceiptResult] {
        try await batches("ChangeMessageVisibilityBatch", receipts) { writer in
            writer.integer(SQSFields.visibilityTimeout, Int(timeout.milliseconds / 1_000))
        }
    }

    package func delete(_ receipts: [ReceiptHandle], by who: String?) async throws -> [ReceiptResult] {
        try await batches("DeleteMessageBatch", receipts) { _ in }
    }

    private func batches(
        _ action: String, _ receipts: [ReceiptHandle], _ write: (inout AnswerWriter) -> Void
    ) async throws -> [ReceiptResult] {
        var results: [ReceiptResult] = []
        while results.count < receipts.count {
            let batch = Array(receipts[results.count...].prefix(Self.mostEntries))
            let answer = try await call(action) { writer in
                writer.structures(SQSFields.entries(of: action), count: batch.count) { writer, index in
                    writer.text(SQSFields.entryID, String(index))
                    // A receipt of another engine has no handle here, and is refused as one that nobody gave.
                    writer.text(SQSFields.receiptHandle, batch[index].opaque ?? "none")
                    write(&writer)
                }
            }
            results += try BatchAnswer(answer, of: action, count: batch.count).results.map { result in
                switch result {
                case .success: .done
                case .failure(let error): error.message.contains("has expired") ? .stale : .gone
                }
            }
        }
        return results
    }

    private func call(_ action: String, _ write: (inout AnswerWriter) -> Void) async throws -> Parameters {
        do {
            return try await client.call(action) { writer in
                writer.text(SQSFields.queueUrl, url)
                write(&writer)
            }
        } catch let error as AWSError {
            throw QueueError(error, queue: name)
        }
    }
}

extension QueueError {
    fileprivate init(_ error: AWSError, queue: String) {
        switch error.code {
        case "QueueDoesNotExist": self = .unknown(queue, suggestion: nil)
        case "OverLimit": self = .tooManyInFlight(queue: queue, limit: Limits.inFlight.now.upperBound)
        default: self = .closed("\(error)")
        }
    }
}
