/// Carries out what a step decided.
///
/// The embedded engine commits a settlement whole, in one transaction with the ledger: exactly once between
/// steps. On AWS it sends first and deletes then: at least once. Conformances pass `SettlerConformance`.
public protocol Settler: Sendable {
    /// Settles every entry, then receives the next batch for the same step, in the same durable unit where the
    /// engine has one. Does not wait for messages: `next` is what is visible now.
    ///
    /// May be repeated after an error: an entry that was settled before answers `.stale`. Cancelling the task does not
    /// interrupt it: what was decided is settled also while we shut down.
    /// - Parameter receiving: `nil` = the step wants no more now (paused, breaker open, shutting down).
    /// - Throws: `QueueError.closed`. Nothing was settled then, as far as anybody can tell: the messages come
    ///   again.
    func settle(_ settlement: Settlement, receiving: ReceiveRequest?) async throws -> SettlementResult
}

public struct SettlementResult: Sendable {
    public enum Outcome: Sendable, Hashable {
        case settled
        /// The receipt is no longer the latest one: nothing was done for it.
        case stale
        /// This entry could not be settled, and why; the message stays where it was.
        case failed(String)
    }

    /// One for each entry of the settlement, in order.
    public var outcomes: [Outcome]
    /// The next batch; empty when nothing is visible or nothing was asked for.
    public var next: [ReceivedMessage]

    public init(outcomes: [Outcome], next: [ReceivedMessage]) {
        self.outcomes = outcomes
        self.next = next
    }
}
