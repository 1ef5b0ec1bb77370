public import Sluice
import Synchronization

/// A clock that stands still until it is told: fourteen days pass in one call, and whoever waits for a moment that
/// has come then wakes.
public final class ManualClock: EngineClock {
    private struct State {
        var now: Timestamp
        var wakes: [@Sendable () -> Void] = []
    }

    private let state: Mutex<State>

    /// - Parameter now: where it starts. 2026-01-01T00:00:00Z.
    public init(_ now: Timestamp = Timestamp(milliseconds: 1_767_225_600_000)) {
        state = Mutex(State(now: now))
    }

    public var now: Timestamp { state.withLock { $0.now } }

    /// Moves time, backwards too, and wakes whoever sleeps.
    public func advance(by duration: Duration) {
        let wakes = state.withLock { state in
            state.now = state.now + duration
            return state.wakes
        }
        for wake in wakes { wake() }
    }

    public func onJump(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wakes.append(wake) } }

    /// Only a jump brings a deadline nearer.
    public func realDelay(until deadline: Timestamp) -> Duration? { now >= deadline ? .zero : nil }
}
