import Synchronization

/// How a step goes on after its function failed at its start, before it was given anything: it receives nothing for a
/// while, longer each time, and after some in a row it gives up.
final class StartPace: Sendable {
    enum Verdict: Sendable, Hashable {
        /// Nothing is received until then.
        case wait(until: Timestamp)
        /// The step pauses. Whoever resumes it starts the count anew.
        case pause
    }

    /// Failed starts in a row that pause the step.
    private static let most = 3
    private static let backoff = Backoff(first: .seconds(1), max: .seconds(30), factor: 2, jitter: false)

    private struct State {
        var inARow = 0
        var waitsUntil: Timestamp?
        /// Why it did not start, as it was said last.
        var said: String?
    }

    private let state = Mutex(State())

    /// The function was given records, whatever it made of them.
    func started() { state.withLock { $0 = State() } }

    /// Whether a reason has not been said yet since the function was given records last.
    func isNew(_ reason: String) -> Bool {
        state.withLock { state in
            defer { state.said = reason }
            return state.said != reason
        }
    }

    func failed(at now: Timestamp) -> Verdict {
        state.withLock { state in
            // Batches that were called at the same time fail for the same reason, and are one failure.
            if let waitsUntil = state.waitsUntil, now < waitsUntil { return .wait(until: waitsUntil) }
            state.inARow += 1
            guard state.inARow < Self.most else {
                state = State()
                return .pause
            }
            let moment = now + Self.backoff.delay(afterReceive: state.inARow)
            state.waitsUntil = moment
            return .wait(until: moment)
        }
    }
}
