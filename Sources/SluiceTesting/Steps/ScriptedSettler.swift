package import Sluice
import Synchronization

/// Settles what was received from a `ScriptedQueue`, and remembers every settlement.
package final class ScriptedSettler: Settler {
    private struct State {
        var settlements: [Settlement] = []
        var dead: [RecordIdentity: Failure] = [:]
        var done: [RecordIdentity] = []
        var errors: [QueueError] = []
        var requests: [ReceiveRequest?] = []
        var refused: [RecordIdentity: String] = [:]
    }

    private let queue: ScriptedQueue
    private let maxReceiveCount: Int
    private let state = Mutex(State())

    package init(_ queue: ScriptedQueue, maxReceiveCount: Int = 5) {
        self.queue = queue
        self.maxReceiveCount = maxReceiveCount
    }

    /// Makes the next settlements fail, one each.
    package func fail(with errors: [QueueError]) { state.withLock { $0.errors += errors } }
    /// Refuses to take this record out of its queue, for this reason.
    package func refuse(_ record: RecordIdentity, _ reason: String) { state.withLock { $0.refused[record] = reason } }

    package var settlements: [Settlement] { state.withLock { $0.settlements } }
    package var dead: [RecordIdentity: Failure] { state.withLock { $0.dead } }
    /// What passed, was filtered or was delivered, in the order of settlement.
    package var done: [RecordIdentity] { state.withLock { $0.done } }
    /// What each settlement asked to receive.
    package var requests: [ReceiveRequest?] { state.withLock { $0.requests } }

    package func settle(_ settlement: Settlement, receiving: ReceiveRequest?) async throws -> SettlementResult {
        let error = state.withLock { state -> QueueError? in
            state.requests.append(receiving)
            return state.errors.isEmpty ? nil : state.errors.removeFirst()
        }
        if let error { throw error }
        // Remembered first: as soon as an entry is settled, another worker may receive and settle what waited
        // behind it, and the order of settlements is what tests look at.
        state.withLock { $0.settlements.append(settlement) }
        let outcomes = settlement.entries.map(settle)
        queue.changed.notify()
        return SettlementResult(outcomes: outcomes, next: receiving.map { queue.take($0.limit) } ?? [])
    }

    private func settle(_ entry: Settlement.Entry) -> SettlementResult.Outcome {
        queue.change { queue in
            guard let index = queue.entries.firstIndex(where: { $0.message.receipt == entry.receipt }),
                queue.entries[index].inFlight
            else { return .stale }
            let message = queue.entries[index].message
            let record = message.lineage.identity
            return state.withLock { state in
                switch entry.disposition {
                case .split(let part) where part.next != nil:
                    queue.entries[index].inFlight = false
                    queue.entries[index].message.receiveCount = 0
                    queue.entries[index].message.position = part.next
                case .passed, .split, .filtered, .unconfirmed, .delivered:
                    if let reason = state.refused[record] { return .failed(reason) }
                    state.done.append(record)
                    queue.entries.remove(at: index)
                case .dead(let failure):
                    state.dead[record] = failure
                    queue.entries.remove(at: index)
                case .retry(_, let failure) where message.receiveCount >= maxReceiveCount:
                    state.dead[record] = failure
                    queue.entries.remove(at: index)
                case .retry:
                    queue.entries[index].inFlight = false
                case .release:
                    queue.entries[index].inFlight = false
                    queue.entries[index].message.receiveCount -= 1
                }
                return .settled
            }
        }
    }
}
