import Synchronization

/// How a delivery goes on after its sink was busy: how long it waits, in how small pieces it tries again, and
/// whether the sink or one record is to blame.
///
/// After a busy answer to *n* records the next write has at most *n*/2, and each that succeeds doubles that again:
/// so a record that alone makes the sink answer busy is alone some time, and then answers for itself.
///
/// After a batch that was too large, no write has more than half of its records. This bound grows by one record with
/// each write that reaches it and succeeds: one record that is too large by itself must not keep batches small for ever.
final class DeliveryPace: Sendable {
    private struct State {
        var largestWrite = Int.max
        /// What `largestWrite` does not grow beyond, since the sink said that a batch is too large.
        var ceiling = Int.max
        var busyInARow = 0
        /// Writes that the sink accepted.
        var accepted = 0
        /// What `accepted` was when a record, alone, was last answered busy.
        var lastTry: [RecordIdentity: Int] = [:]
    }

    private static let mostRemembered = 10_000
    private let state = Mutex(State())
    private let backoff: Backoff

    init(_ backoff: Backoff) { self.backoff = backoff }

    /// In records.
    var largestWrite: Int { state.withLock { $0.largestWrite } }

    func wrote(_ records: [RecordIdentity]) {
        state.withLock { state in
            state.busyInARow = 0
            state.accepted += 1
            if state.ceiling < Int.max, records.count >= state.ceiling { state.ceiling += 1 }
            let doubled = state.largestWrite < Int.max / 2 ? state.largestWrite * 2 : .max
            state.largestWrite = min(doubled, state.ceiling)
            if !state.lastTry.isEmpty { for record in records { state.lastTry[record] = nil } }
        }
    }

    /// - Parameter count: the records of the batch that was too large. One alone tells nothing about batches.
    func tooLarge(_ count: Int) {
        guard count > 1 else { return }
        state.withLock { state in
            state.ceiling = min(state.ceiling, count / 2)
            state.largestWrite = min(state.largestWrite, state.ceiling)
        }
    }

    /// - Returns: how long to wait, and whether the one record pays for it with a receive: it was alone, and the
    ///   sink accepted another since its last try.
    func busy(_ records: [RecordIdentity], after: Duration?) -> (delay: Duration, spends: Bool) {
        state.withLock { state in
            state.busyInARow += 1
            state.largestWrite = max(1, records.count / 2)
            let delay = max(after ?? .zero, backoff.delay(afterReceive: state.busyInARow))
            guard records.count == 1, let record = records.first else { return (delay, false) }
            let accepted = state.lastTry[record]
            // Forgetting costs a record one more free try, never a receive.
            if state.lastTry.count >= Self.mostRemembered { state.lastTry.removeAll() }
            state.lastTry[record] = state.accepted
            return (delay, accepted.map { $0 < state.accepted } ?? false)
        }
    }
}
