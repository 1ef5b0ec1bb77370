import DequeModule
package import Logging
import NIOCore
package import Sluice
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
        /// Those that were free when it was closed.
        var closed: [ExecutionEnvironment] = []
        /// Whether a timer runs that looks for old ones.
        var isTimed = false
    }

    private let runtime: FunctionRuntime
    private let sandboxes: Sandboxes
    private let logger: Logger
    private let gate = StartGate()
    private let log: StepLog
    private let state = Mutex(State())

    /// How long an environment may wait for an invocation. Lambda does not say how long it waits.
    private static let longestIdle: Duration = .seconds(300)

    /// - Parameter log: where the lines of the function are kept.
    /// - Throws: `ControlError` when what all environments share cannot be made.
    package init(_ runtime: FunctionRuntime, in sandboxes: Sandboxes, logger: Logger, log: StepLog = .none) throws {
        self.runtime = runtime
        self.sandboxes = sandboxes
        self.logger = logger
        self.log = log
        try sandboxes.open()
    }

    /// One invocation in an environment that is free, or in a new one.
    /// - Parameters:
    ///   - id: the request id, which no other invocation has.
    ///   - records: what is in the event, for the log.
    func invoke(
        _ id: String, _ event: ByteBuffer, records: RecordMarks = RecordMarks(), timeout: Duration
    ) async -> Invocation {
        while let warm = takeIdle() {
            let answer = await warm.invoke(id, event, records: records, timeout: timeout)
            // It had ended while nobody looked: nothing of this invocation was seen.
            if case .untouched = answer { continue }
            return finish(warm, answer)
        }
        if let problem = gate.problem() { return .notStarted(problem) }
        let start = await ExecutionEnvironment.start(runtime, in: sandboxes, logger: logger, log: log)
        gate.ended(start)
        switch start {
        case .cancelled: return .answer(.cancelled, lastErrorLine: nil)
        case .failed(let problem): return .notStarted(problem)
        case .ready(let environment):
            let answer = await environment.invoke(id, event, records: records, timeout: timeout)
            guard case .untouched(let end) = answer else { return finish(environment, answer) }
            // It asked, and was gone before it could be given anything: that is its start.
            return .notStarted(
                Problem(
                    reason: end.reason(before: "it took its first invocation"), type: end.errorType, remedy: .retry))
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
        state.withLock { state in
            while let youngest = state.idle.popFirst() {
                if youngest.environment.isAlive { return youngest.environment }
            }
            return nil
        }
    }

    /// Ends those that nobody has wanted for a while; looks again when the next one's time is over.
    private func endOld() {
        let now = ContinuousClock.now
        let (old, next) = state.withLock { state -> ([ExecutionEnvironment], Duration?) in
            var old: [ExecutionEnvironment] = []
            while let oldest = state.idle.last, now - oldest.since >= Self.longestIdle {
                old.append(oldest.environment)
                state.idle.removeLast()
            }
            let next = state.idle.last.map { $0.since + Self.longestIdle - now }
            state.isTimed = next != nil
            return (old, next)
        }
        for environment in old { environment.end() }
        if let next { startTimer(next) }
    }

    private func startTimer(_ delay: Duration) {
        FunctionLoop.shared.scheduleTask(in: .nanoseconds(delay.nanoseconds)) { [weak self] in self?.endOld() }
    }

    private func giveBack(_ environment: ExecutionEnvironment) {
        let (isClosed, isFirst) = state.withLock { state in
            guard !state.isClosed else { return (true, false) }
            state.idle.prepend(Idle(environment: environment, since: .now))
            defer { state.isTimed = true }
            return (false, !state.isTimed)
        }
        if isClosed { environment.end() }
        if isFirst { startTimer(Self.longestIdle) }
    }

    /// Ends all environments, and what they have started.
    package func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            state.closed += state.idle.map(\.environment)
            return state.idle
        }
        for one in idle { one.environment.end() }
    }

    /// Returns when nothing is left of what `close` has ended.
    package func waitUntilGone() async {
        for environment in state.withLock({ $0.closed }) { await environment.waitUntilGone() }
    }
}
