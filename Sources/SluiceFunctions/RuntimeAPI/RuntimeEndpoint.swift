import NIOCore
import Sluice
import Synchronization

/// Where an execution environment and its host meet: the process asks for the next invocation and answers it, the host
/// gives invocations and waits for answers. One invocation at a time.
///
/// The state is a value behind a lock, because the two sides live on different threads; nobody is called while it is
/// held.
final class RuntimeEndpoint: Sendable {
    /// What the process is asked to do.
    struct Invocation: Sendable {
        /// Unknown to everybody else: an answer with another one is not taken.
        let id: String
        let event: ByteBuffer
        let deadline: Timestamp
    }

    /// How an invocation ended, for the host.
    enum Answer: Sendable, Hashable {
        case response([UInt8])
        /// What the function reported with `…/error`.
        case error(ReportedError)
        /// The process ended before it answered.
        case exited(ProcessEnd)
        /// It ended before it had even taken the invocation: nothing of it was seen.
        case untouched(ProcessEnd)
        case timeUp
        /// The host's own shutdown.
        case cancelled
        /// The answer was larger than Lambda allows.
        case tooLarge(bytes: Int)
    }

    /// How the start of the process ended.
    enum Start: Sendable {
        case ready
        case failed(ReportedError)
        case exited(ProcessEnd)
        case tooLong(Duration)
        case cancelled
    }

    /// What a request of the process is answered with.
    enum Reply: Sendable, Equatable {
        case accepted
        /// `InvalidRequestID`: it is not the invocation that is under way.
        case unknownInvocation
        case tooLarge
    }

    private enum Phase {
        case starting
        /// It waits for an invocation, by the request of this number.
        case ready(Int, @Sendable (Invocation?) -> Void)
        /// It has not asked yet.
        case resting
        case ended(ProcessEnd)
    }

    private struct Current {
        let invocation: Invocation
        var isTaken: Bool
        let resume: @Sendable (Answer) -> Void
    }

    private struct State {
        var phase: Phase = .starting
        var current: Current?
        /// Requests for the next invocation, so far.
        var requests = 0
        var whenStarted: (@Sendable (Start) -> Void)?
        /// The start ended before anybody waited for it.
        var started: Start?
    }

    private let state = Mutex(State())

    // MARK: The process's side

    /// `GET …/invocation/next`. `reply` is called once: with the next invocation, or with `nil` when there is none any
    /// more.
    /// - Returns: the request's number, for `nextWasGivenUp`.
    @discardableResult
    func next(_ reply: @escaping @Sendable (Invocation?) -> Void) -> Int {
        let (number, actions): (Int, [@Sendable () -> Void]) = state.withLock { state in
            state.requests += 1
            var actions: [@Sendable () -> Void] = []
            switch state.phase {
            case .ended: return (state.requests, [{ reply(nil) }])
            // A second request while one waits: the process has two threads, or has lost the first connection.
            case .ready(_, let former): actions.append { former(nil) }
            case .starting: actions += start(.ready, &state)
            case .resting: break
            }
            if var current = state.current, !current.isTaken {
                current.isTaken = true
                state.current = current
                state.phase = .resting
                let invocation = current.invocation
                actions.append { reply(invocation) }
            } else {
                state.phase = .ready(state.requests, reply)
            }
            return (state.requests, actions)
        }
        for action in actions { action() }
        return number
    }

    /// The connection of this request is gone. Another one may wait by now: that one goes on.
    func nextWasGivenUp(_ number: Int) {
        state.withLock { state in
            if case .ready(number, _) = state.phase { state.phase = .resting }
        }
    }

    /// A connection was gone when its request was answered: nobody has seen the invocation, and the next who asks is
    /// given it.
    func giveBack(_ invocation: Invocation) {
        let action: (@Sendable () -> Void)? = state.withLock { state in
            guard let current = state.current, current.invocation.id == invocation.id else { return nil }
            if case .ready(_, let reply) = state.phase {
                state.phase = .resting
                return { reply(invocation) }
            }
            state.current?.isTaken = false
            return nil
        }
        action?()
    }

    /// `POST …/invocation/{id}/response`.
    func response(_ id: String, _ body: [UInt8]) -> Reply { answer(id, .response(body)) }

    /// `POST …/invocation/{id}/error`.
    func error(_ id: String, _ error: ReportedError) -> Reply { answer(id, .error(error)) }

    /// An answer that is larger than allowed; its bytes were thrown away.
    func tooLarge(_ id: String, bytes: Int) -> Reply {
        answer(id, .tooLarge(bytes: bytes)) == .accepted ? .tooLarge : .unknownInvocation
    }

    /// `POST …/init/error`.
    func initError(_ error: ReportedError) -> Reply {
        let actions = state.withLock { state in start(.failed(error), &state) }
        for action in actions { action() }
        return .accepted
    }

    /// The process is gone: whoever waits for it learns it.
    func processEnded(_ end: ProcessEnd) {
        let actions: [@Sendable () -> Void] = state.withLock { state in
            var actions = start(.exited(end), &state)
            if case .ready(_, let reply) = state.phase { actions.append { reply(nil) } }
            state.phase = .ended(end)
            if let current = state.current {
                state.current = nil
                let answer = current.isTaken ? Answer.exited(end) : .untouched(end)
                // As in `answer`: its last words are read first.
                actions.append { FunctionLoop.shared.execute { current.resume(answer) } }
            }
            return actions
        }
        for action in actions { action() }
    }

    private func start(_ result: Start, _ state: inout State) -> [@Sendable () -> Void] {
        guard state.started == nil else { return [] }
        state.started = result
        guard let tell = state.whenStarted else { return [] }
        state.whenStarted = nil
        return [{ tell(result) }]
    }

    private func answer(_ id: String, _ answer: Answer) -> Reply {
        let resume: (@Sendable (Answer) -> Void)? = state.withLock { state in
            guard let current = state.current, current.isTaken, current.invocation.id == id else { return nil }
            state.current = nil
            return current.resume
        }
        guard let resume else { return .unknownInvocation }
        // What it wrote before it answered can be read by now, and is, before the loop comes to this.
        FunctionLoop.shared.execute { resume(answer) }
        return .accepted
    }

    // MARK: The host's side

    /// Whether the process can still be given something.
    var isAlive: Bool {
        state.withLock { state in if case .ended = state.phase { false } else { true } }
    }

    /// The id of the invocation that is under way, or waits to be taken.
    var current: String? { state.withLock { $0.current?.invocation.id } }

    /// Waits for the first `next`, at most `limit` long.
    func waitUntilStarted(atMost limit: Duration) async -> Start {
        await withTimer(limit) {
            self.endStart(.tooLong(limit))
        } _: {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let known: Start? = state.withLock { state in
                        if let started = state.started { return started }
                        state.whenStarted = { continuation.resume(returning: $0) }
                        return nil
                    }
                    if let known { continuation.resume(returning: known) }
                }
            } onCancel: {
                endStart(.cancelled)
            }
        }
    }

    private func endStart(_ result: Start) {
        let actions = state.withLock { state in start(result, &state) }
        for action in actions { action() }
    }

    /// Gives the process one invocation, and waits for its answer until the deadline.
    /// - Parameter limit: the time until the deadline.
    func invoke(_ invocation: Invocation, limit: Duration) async -> Answer {
        let isLate = Flag()
        return await withTimer(limit) {
            isLate.raise()
            self.end(invocation.id, .timeUp)
        } _: {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    begin(invocation) { continuation.resume(returning: $0) }
                    // Either may have come before there was anything to end.
                    if Task.isCancelled { end(invocation.id, .cancelled) }
                    if isLate.isRaised { end(invocation.id, .timeUp) }
                }
            } onCancel: {
                end(invocation.id, .cancelled)
            }
        }
    }

    private func begin(_ invocation: Invocation, _ resume: @escaping @Sendable (Answer) -> Void) {
        let action: (@Sendable () -> Void)? = state.withLock { state in
            switch state.phase {
            case .ended(let end): return { resume(.untouched(end)) }
            case .ready(_, let reply):
                state.phase = .resting
                state.current = Current(invocation: invocation, isTaken: true, resume: resume)
                return { reply(invocation) }
            case .starting, .resting:
                state.current = Current(invocation: invocation, isTaken: false, resume: resume)
                return nil
            }
        }
        action?()
    }

    private func end(_ id: String, _ answer: Answer) {
        let resume: (@Sendable (Answer) -> Void)? = state.withLock { state in
            guard let current = state.current, current.invocation.id == id else { return nil }
            state.current = nil
            return current.resume
        }
        resume?(answer)
    }

    /// Runs `body`; calls `late` if it takes longer than `limit`.
    private func withTimer<Value: Sendable>(
        _ limit: Duration, _ late: @escaping @Sendable () -> Void, _ body: () async -> Value
    ) async -> Value {
        // On the event loop, not a task: a child of a cancelled task could not sleep.
        let timer = FunctionLoop.shared.scheduleTask(in: .nanoseconds(limit.nanoseconds)) { late() }
        defer { timer.cancel() }
        return await body()
    }
}

/// Raised once, by one thread, and seen by another.
private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    func raise() { value.store(true, ordering: .releasing) }
    var isRaised: Bool { value.load(ordering: .acquiring) }
}
