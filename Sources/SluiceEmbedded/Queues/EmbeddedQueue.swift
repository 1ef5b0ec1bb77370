import GRDB
package import Sluice
import Synchronization

/// One queue of the embedded engine.
package struct EmbeddedQueue: BoundedQueue {
    package let name: String
    let store: Store

    /// Little while the disk is full: a step that went on making outputs would use up the reserve that settling needs.
    package var room: Int {
        guard let gauge = store.catalogue.find(name)?.gauge else { return .max }
        return store.reserve.isSpent ? gauge.roomOnFullDisk : gauge.room
    }

    package func send(_ messages: [NewMessage]) async throws -> [SendResult] { try await send(messages, at: nil) }

    func send(_ messages: [NewMessage], at position: SendPosition?) async throws -> [SendResult] {
        while true {
            guard let entry = store.catalogue.find(name) else {
                throw QueueError.unknown(name, suggestion: nil)
            }
            let prepared = store.prepare(messages, at: position, for: entry)
            let results = try await store.writer.submit(grows: true) { state -> [SendResult]? in
                let queue = try state.queue(named: entry.name)
                // A definition that came in between reads the records anew.
                guard queue.record == entry.record else { return nil }
                return try state.send(prepared, to: queue, at: position)
            }
            if let results { return results }
        }
    }

    package func receive(_ request: ReceiveRequest) async throws -> [ReceivedMessage] {
        try Task.checkCancellation()
        let id = store.nextWaiter()
        let name = name
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                store.writer.enqueue(
                    StoreWriter.Submission(
                        grows: false,
                        run: { state in
                            let queue = try state.queue(named: name)
                            try state.receive(request, from: queue, waiter: id) { continuation.resume(with: $0) }
                            return {}
                        },
                        fail: { continuation.resume(throwing: $0) }))
                // A cancellation that came before the wait was submitted has found nothing to end.
                if Task.isCancelled { store.cancel(waiter: id) }
            }
        } onCancel: {
            store.cancel(waiter: id)
        }
    }

    package func extend(_ receipts: [ReceiptHandle], to timeout: Duration) async throws -> [ReceiptResult] {
        let name = name
        return try await store.writer.submit { state in
            let queue = try state.queue(named: name)
            return receipts.map { state.extend($0, in: queue, to: timeout) }
        }
    }

    package func delete(_ receipts: [ReceiptHandle], by who: String?) async throws -> [ReceiptResult] {
        let name = name
        return try await store.writer.submit { state in
            let queue = try state.queue(named: name)
            let results = receipts.map { state.delete($0, in: queue) }
            let count = results.count { $0 == .done }
            if count > 0, queue.record.pipeline != nil { state.audit("DeleteMessage", queue, count, who: who) }
            return results
        }
    }

    package func waitForRoom() async throws {
        let id = store.nextWaiter()
        let name = name
        try Task.checkCancellation()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                store.writer.enqueue(
                    StoreWriter.Submission(
                        grows: false,
                        run: { state in
                            let queue = try state.queue(named: name)
                            state.changedQueues.insert(queue.id)
                            state.park(id, at: queue)
                            queue.roomWaiters.append(RoomWaiter(id: id) { continuation.resume(with: $0) })
                            return {}
                        },
                        fail: { continuation.resume(throwing: $0) }))
                if Task.isCancelled { store.cancel(waiter: id) }
            }
        } onCancel: {
            store.cancel(waiter: id)
        }
    }
}

extension StoreState {
    func extend(_ receipt: ReceiptHandle, in queue: QueueState, to timeout: Duration) -> ReceiptResult {
        // In a client's standard queue an older receipt still changes how long its message is hidden, as in SQS.
        let isLenient = queue.record.pipeline == nil && !queue.isFIFO
        guard let (chunk, ref, found) = find(receipt, in: queue, orLater: isLenient) else {
            return missing(receipt, in: queue)
        }
        guard found.isInFlight, found.status != .backingOff else { return .stale }
        var state = found
        if timeout > .zero {
            state.visibleAt = moment(after: timeout)
        } else {
            state.status = .ready
            state.alone = false
            state.visibleAt = 0
        }
        change(ref, chunk, queue, to: state)
        return .done
    }

    /// A client's delete: counted as discarded in a pipeline's own queue, for its step never saw the message.
    func delete(_ receipt: ReceiptHandle, in queue: QueueState) -> ReceiptResult {
        guard let (chunk, ref, found) = find(receipt, in: queue) else { return missing(receipt, in: queue) }
        // Others of its group may have been handed out since.
        if queue.isFIFO, !found.isInFlight { return .stale }
        change(ref, chunk, queue, to: MessageState(status: .gone))
        ledger.add(LedgerBook.account(ofQueue: queue.id), queue.record.pipeline == nil ? .done : .discarded)
        return .done
    }

    /// Notes who has taken something out of a queue, and how. A client that empties a queue message by message leaves
    /// one note a minute.
    func audit(_ action: String, _ queue: QueueState, _ count: Int, who: String?) {
        let (time, name) = (now.milliseconds, queue.name)
        execute {
            try $0.execute(
                sql: """
                    UPDATE audit SET n = n + ? WHERE rowid =
                    (SELECT rowid FROM audit WHERE queue = ? AND time > ? AND action = ? AND who = ?
                    ORDER BY time DESC, rowid DESC LIMIT 1)
                    """, arguments: [count, name, time - 60_000, action, who ?? ""])
            guard $0.changesCount == 0 else { return }
            try $0.execute(
                sql: "INSERT INTO audit VALUES (?, ?, ?, ?, ?, '')", arguments: [time, action, name, count, who ?? ""])
        }
    }

    /// Why a receipt is not the latest of a message that is there.
    private func missing(_ receipt: ReceiptHandle, in queue: QueueState) -> ReceiptResult {
        guard let place = receipt.place, let chunk = chunks[place.chunk], chunk.queue == queue.id,
            (0..<chunk.count).contains(Int(place.index)), chunk.states[Int(place.index)].status != .gone
        else { return .gone }
        return .stale
    }

    /// Ends a wait whose task was cancelled, after this turn's commit.
    func cancel(waiter id: UInt64) { cancelled.insert(id) }
}
