/// One stage of a pipeline: it is given messages and decides about each. It neither receives nor deletes nor
/// sends: a driver (`StepLoop` on a machine, a handler in Lambda) does, and the step cannot tell which.
package protocol Step: Sendable {
    var name: StepName { get }

    /// Decides about every message of the batch: as many dispositions as messages, in order.
    ///
    /// Called concurrently, up to the step's concurrency. When the task is cancelled (our own shutdown), what is
    /// not decided yet is `.release()`d: work cut short by us is not a failed attempt.
    func process(_ batch: [ReceivedMessage]) async -> [Disposition]

    /// Called after the settlement of a batch that `process` decided about. `settlement` has what was asked for: behind
    /// a message that stays, it differs from what `process` answered for the later ones of the group.
    func settled(
        _ batch: [ReceivedMessage], _ settlement: Settlement, _ outcomes: [SettlementResult.Outcome]
    ) async
}

extension Step {
    package func settled(
        _ batch: [ReceivedMessage], _ settlement: Settlement, _ outcomes: [SettlementResult.Outcome]
    ) async {}
}
