import DequeModule
package import Logging
import NIOCore
import Sluice
import Synchronization

/// The execution environments of one function: kept warm between invocations, started when none is free, ended when
/// none is wanted for a while.
package final class FunctionPool: Sendable {
    private struct Idle {
        let environment: ExecutionEnvironment
        let since: ContinuousClock.Instant
    }

    private struct State {
        /// The one that was used last comes first: those that are not needed grow old at the other end.
        var idle: Deque<Idle> = []
        var isClosed = false
    }

    private let runtime: FunctionRuntime
    private let watchdog: Watchdog
    private let logger: Logger
    private let state = Mutex(State())

    /// How long an environment may wait for an invocation. Lambda says nothing; it is seen to be 5 to 15 minutes.
    private static let longestIdle: Duration = .seconds(300)

    package init(_ runtime: FunctionRuntime, logger: Logger) throws {
        self.runtime = runtime
        self.logger = logger
        watchdog = try Watchdog()
    }

    /// One invocation in an environment that is free, or in a new one.
    func invoke(_ event: ByteBuffer, timeout: Duration) async -> Invocation {
        while let warm = takeIdle() {
            let answer = await warm.invoke(event, timeout: timeout)
            // It had ended while nobody looked: nothing of this invocation was seen.
            if case .untouched = answer { continue }
            return finish(warm, answer)
        }
        switch await ExecutionEnvironment.start(runtime, watchdog: watchdog, logger: logger) {
        case .cancelled: return .answer(.cancelled, lastErrorLine: nil)
        case .failed(let problem): return .notStarted(problem)
        case .ready(let environment):
            return finish(environment, await environment.invoke(event, timeout: timeout))
        }
    }

    enum Invocation: Sendable {
        case answer(RuntimeEndpoint.Answer, lastErrorLine: String?)
        case notStarted(Problem)
    }

    private func finish(_ environment: ExecutionEnvironment, _ answer: RuntimeEndpoint.Answer) -> Invocation {
        if environment.isAlive { giveBack(environment) }
        return .answer(answer, lastErrorLine: environment.lastErrorLine)
    }

    private func takeIdle() -> ExecutionEnvironment? {
        let now = ContinuousClock.now
        let (environment, old) = state.withLock { state -> (ExecutionEnvironment?, [ExecutionEnvironment]) in
            var old: [ExecutionEnvironment] = []
            while let oldest = state.idle.last, now - oldest.since > Self.longestIdle {
                old.append(oldest.environment)
                state.idle.removeLast()
            }
            while let youngest = state.idle.popFirst() {
                if youngest.environment.isAlive { return (youngest.environment, old) }
            }
            return (nil, old)
        }
        for environment in old { environment.end() }
        return environment
    }

    private func giveBack(_ environment: ExecutionEnvironment) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.idle.prepend(Idle(environment: environment, since: .now)) }
            return state.isClosed
        }
        if isClosed { environment.end() }
    }

    /// Ends all environments, and what they have started.
    package func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for one in idle { one.environment.end() }
        watchdog.stop()
    }
}
