/// Somebody who waits until the queues are as `condition` says; it is asked after every turn.
struct ConditionWaiter {
    let id: UInt64
    let condition: @Sendable (StoreState) -> Bool
    let answer: @Sendable (Result<Void, any Error>) -> Void
}
