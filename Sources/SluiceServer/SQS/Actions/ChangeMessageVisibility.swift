import Sluice
import SluiceWire

extension SQSAction {
    static let changeMessageVisibility = SQSAction("ChangeMessageVisibility", hasResult: false) { call, _ in
        let queue = try call.queue(for: "ChangeMessageVisibility")
        try await VisibilityChange(try call.required(SQSFields.receiptHandle), call.parameters, call, queue).make()
    }

    static let changeMessageVisibilityBatch = SQSAction("ChangeMessageVisibilityBatch") { call, answer in
        let queue = try call.queue(for: "ChangeMessageVisibility")
        var outcomes: [(id: String, outcome: Result<Void, WireError>)] = []
        for (id, entry) in try BatchCheck.entries(call, of: "ChangeMessageVisibilityBatch") {
            do {
                guard let handle = try entry.text(SQSFields.receiptHandle), !handle.isEmpty else {
                    throw SQSError.missingParameter(SQSFields.receiptHandle.json)
                }
                try await VisibilityChange(handle, entry, call, queue).make()
                outcomes.append((id, .success(())))
            } catch {
                outcomes.append((id, .failure(WireError(error))))
            }
        }
        BatchCheck.write(outcomes, of: "ChangeMessageVisibilityBatch", to: &answer) { _, _ in }
    }
}

/// One message's new visibility timeout.
private struct VisibilityChange {
    private let queue: SQSCall.Queue
    private let receipt: SQSCall.FoundReceipt
    private let timeout: Duration

    init(_ handle: String, _ parameters: Parameters, _ call: SQSCall, _ queue: SQSCall.Queue) throws {
        self.queue = queue
        guard let seconds = try parameters.integer(SQSFields.visibilityTimeout) else {
            throw SQSError.missingParameter(SQSFields.visibilityTimeout.json)
        }
        let limit = Limits.visibilityTimeout.now
        guard limit.contains(.seconds(seconds)) else {
            throw SQSError.invalidValue(
                String(seconds), of: SQSFields.visibilityTimeout.json, "VisibilityTimeout must be between 0 and 43200.")
        }
        timeout = .seconds(seconds)
        receipt = try call.receipt(handle, of: queue)
        // All that a receive is hidden for, counted from its beginning.
        let total = call.engine.clock.now + timeout - receipt.received
        guard total <= limit.upperBound || timeout == .zero else {
            throw SQSError.invalidValue(
                String(seconds), of: SQSFields.visibilityTimeout.json,
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
        }
    }

    func make() async throws {
        guard let result = try await queue.listed.queue.extend([receipt.receipt], to: timeout).first else { return }
        switch result {
        case .done: break
        case .gone:
            throw SQSError.invalidValue(
                receipt.handle, of: SQSFields.receiptHandle.json,
                "Message does not exist or is not available for visibility timeout change.")
        case .stale:
            // A timeout that is over already cannot be changed, and a standard queue says nothing about it.
            guard queue.isFIFO else { return }
            throw SQSError.invalidValue(
                receipt.handle, of: SQSFields.receiptHandle.json, "The receipt handle has expired.")
        }
    }
}
