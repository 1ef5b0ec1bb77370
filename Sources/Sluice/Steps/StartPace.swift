import Synchronization

/// How a step goes on after its function failed at its start, before it was given anything: it waits longer each
/// time, and after some in a row it gives up.
final class StartPace: Sendable {
    enum Verdict: Sendable, Hashable {
        /// The records are released, visible again after so long.
        case wait(Duration)
        /// The step pauses. Whoever resumes it starts the count anew.
        case pause
    }

    /// Failed starts in a row that pause the step.
    private static let most = 3
    private static let backoff = Backoff(first: .seconds(1), max: .seconds(30), factor: 2, jitter: false)

    private let inARow = Mutex(0)

    /// The function was given records, whatever it made of them.
    func started() { inARow.withLock { $0 = 0 } }

    func failed() -> Verdict {
        inARow.withLock { count in
            count += 1
            guard count < Self.most else {
                count = 0
                return .pause
            }
            return .wait(Self.backoff.delay(afterReceive: count))
        }
    }
}
