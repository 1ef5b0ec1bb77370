import Sluice
import SluiceWire

extension SQSAction {
    static let deleteMessage = SQSAction("DeleteMessage", hasResult: false) { call, _ in
        let queue = try call.queue(for: "DeleteMessage")
        let handle = try call.required(SQSFields.receiptHandle)
        let receipt = try call.receipt(handle, of: queue)
        guard let result = try await queue.listed.queue.delete([receipt.receipt], by: call.who).first else { return }
        try check(result, handle, queue)
    }

    static let deleteMessageBatch = SQSAction("DeleteMessageBatch") { call, answer in
        let queue = try call.queue(for: "DeleteMessage")
        let read = try BatchCheck.entries(call, of: "DeleteMessageBatch").map { id, entry in
            (id: id, receipt: WireError.catching { try call.receipt(of: entry, queue) })
        }
        let receipts = read.compactMap { entry in
            if case .success(let found) = entry.receipt { found.receipt } else { nil }
        }
        var results = (receipts.isEmpty ? [] : try await queue.listed.queue.delete(receipts, by: call.who))[...]
        let outcomes = read.map { id, found in
            (
                id: id,
                outcome: found.flatMap { found -> Result<Void, WireError> in
                    let result = results.popFirst() ?? .gone
                    return WireError.catching { try check(result, found.handle, queue) }
                }
            )
        }
        BatchCheck.write(outcomes, of: "DeleteMessageBatch", to: &answer) { _, _ in }
    }

    /// A message that is gone was deleted. One that is there, and that an older receipt names, stays in a standard queue
    /// without a word: whoever has it now deletes it.
    private static func check(_ result: ReceiptResult, _ handle: String, _ queue: SQSCall.Queue) throws {
        guard result == .stale, queue.isFIFO else { return }
        throw SQSError.invalidValue(handle, of: SQSFields.receiptHandle.json, "The receipt handle has expired.")
    }
}

extension SQSCall {
    struct FoundReceipt: Sendable {
        let handle: String
        let receipt: ReceiptHandle
        let received: Timestamp
    }

    /// - Throws: `WireError` when it is none of this queue.
    func receipt(_ handle: String, of queue: Queue) throws -> FoundReceipt {
        guard let (receipt, received) = receipts.receipt(of: handle, queue: queue.name) else {
            throw SQSError.receiptHandleIsInvalid(handle)
        }
        return FoundReceipt(handle: handle, receipt: receipt, received: received)
    }

    func receipt(of entry: Parameters, _ queue: Queue) throws -> FoundReceipt {
        guard let handle = try entry.text(SQSFields.receiptHandle), !handle.isEmpty else {
            throw SQSError.missingParameter(SQSFields.receiptHandle.json)
        }
        return try receipt(handle, of: queue)
    }
}
