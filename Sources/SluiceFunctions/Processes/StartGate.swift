import Sluice
import Synchronization

/// Keeps a function that fails at its start from starting process after process, however often it is called.
final class StartGate: Sendable {
    private struct State {
        var failure: (problem: Problem, until: ContinuousClock.Instant)?
        /// Somebody finds out whether it starts again.
        var isTried = false
    }

    private let state = Mutex(State())

    /// How long the answer of a failed start is that of all. Shorter than a step waits before it tries again.
    static let patience: Duration = .milliseconds(500)

    /// `nil` = start one, and say with `ended` what became of it; else what the last start failed with.
    func problem() -> Problem? {
        state.withLock { state in
            guard let failure = state.failure else { return nil }
            if state.isTried || ContinuousClock.now < failure.until { return failure.problem }
            state.isTried = true
            return nil
        }
    }

    func ended(_ start: ExecutionEnvironment.Start) {
        state.withLock { state in
            state.isTried = false
            switch start {
            case .ready: state.failure = nil
            case .failed(let problem): state.failure = (problem, .now + Self.patience)
            case .cancelled: break
            }
        }
    }
}
