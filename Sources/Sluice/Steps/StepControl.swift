package import Logging
import Synchronization

/// Whether a step may receive, and what is known of it: its pause, its breaker, its rate, whether the queue behind it
/// is full. Commands hold one end, the step's loop the other.
///
/// Everything that may open a closed gate notifies one signal, and whoever waits looks again: nothing polls.
package final class StepControl: Sendable {
    /// Why a step does not receive, until somebody resumes it.
    package struct Pause: Sendable, Hashable, Codable {
        package var since: Timestamp
        package var reason: String?
        /// The step paused itself.
        package var automatic: Bool
        /// The code that could not be started: another one ends the pause. `nil` = only somebody does.
        package var brokenCode: String?

        package init(since: Timestamp, reason: String?, automatic: Bool = false, brokenCode: String? = nil) {
            self.since = since
            self.reason = reason
            self.automatic = automatic
            self.brokenCode = brokenCode
        }
    }

    /// The right to receive once.
    package struct Grant: Sendable {
        package var limit: Int
        /// The breaker is open, and the one record of this receive finds out whether it may close.
        package var isProbe = false
    }

    private struct State {
        var pause: Pause?
        var breaker: Breaker?
        var limiter: RateLimiter?
        var throughput = Throughput()
        var loops = 0
        var resumes = 0
        /// Nothing is received before then.
        var heldUntil: Timestamp?
    }

    package let name: StepName
    /// Which code it runs; `nil` for a step without a function.
    package let version: String?
    private let state: Mutex<State>
    private let signal = Signal()
    private let clock: any EngineClock
    private let downstream: (any BoundedQueue)?
    private let pauseChanged: @Sendable (StepName, Pause?) -> Void
    private let breakerChanged: @Sendable (StepName, _ isOpen: Bool) -> Void
    private let mask: @Sendable (String) -> String
    private let logger: Logger

    /// - Parameters:
    ///   - breaker: `nil` = the step has none (a transform).
    ///   - downstream: the queue that the step's outputs go to; full, it holds the step back.
    ///   - paused: the pause that a former process left behind.
    ///   - mask: hides the secrets of the definition: a function or a sink may repeat one in its reason, which is kept.
    ///   - pauseChanged: called at every pause and resume, so that the engine can keep it. Called in their order, and
    ///     so under a lock: it must neither block nor call back.
    ///   - breakerChanged: called when the breaker opens or closes, so that retention can stand still. As
    ///     `pauseChanged`.
    package init(
        name: StepName, version: String? = nil, breaker: BreakerPlan? = nil, rate: Rate? = nil,
        downstream: (any BoundedQueue)? = nil, paused: Pause? = nil, clock: any EngineClock, logger: Logger,
        masking mask: @escaping @Sendable (String) -> String = { $0 },
        pauseChanged: @escaping @Sendable (StepName, Pause?) -> Void = { _, _ in },
        breakerChanged: @escaping @Sendable (StepName, _ isOpen: Bool) -> Void = { _, _ in }
    ) {
        self.name = name
        self.version = version
        self.downstream = downstream
        self.clock = clock
        self.mask = mask
        self.logger = logger
        self.pauseChanged = pauseChanged
        self.breakerChanged = breakerChanged
        let now = clock.now
        state = Mutex(
            State(
                pause: paused, breaker: breaker.map { Breaker($0) },
                limiter: rate.map { RateLimiter($0, now: now) }))
        clock.onJump { [signal] in signal.notify() }
    }

    // MARK: What commands ask

    /// Stops the step from receiving. What it holds is finished. A step that is paused keeps its first reason.
    package func pause(reason: String?, automatic: Bool = false, brokenCode: String? = nil) {
        let reason = reason.map(mask)
        let pause = Pause(since: clock.now, reason: reason, automatic: automatic, brokenCode: brokenCode)
        let isNew = state.withLock { state in
            guard state.pause == nil else { return false }
            state.pause = pause
            pauseChanged(name, pause)
            return true
        }
        guard isNew else { return }
        if automatic {
            logger.error("A step paused itself", metadata: ["step": "\(name)", "reason": "\(reason ?? "none given")"])
        }
        signal.notify()
    }

    /// Lets the step receive again, and probes an open breaker at once.
    package func resume() {
        let now = clock.now
        state.withLock { state in
            _ = state.breaker?.handle(.probeNow, at: now)
            state.heldUntil = nil
            guard state.pause != nil else { return }
            state.pause = nil
            state.resumes += 1
            pauseChanged(name, nil)
        }
        signal.notify()
    }

    /// Keeps the step from receiving for a while; what it holds is finished.
    func hold(until moment: Timestamp) {
        state.withLock { $0.heldUntil = max($0.heldUntil ?? moment, moment) }
    }

    /// How often the step was resumed from a pause.
    var resumes: Int { state.withLock { $0.resumes } }

    package var paused: Pause? { state.withLock { $0.pause } }

    package var reportedState: StepReport.State {
        let full = downstream?.isFull ?? false
        let now = clock.now
        return state.withLock { state in
            if let pause = state.pause { return .paused(since: pause.since, reason: pause.reason) }
            if state.loops == 0 { return .stopped }
            switch state.breaker?.state {
            case .open(let outage, let nextProbe):
                return .breakerOpen(since: outage.since, reason: outage.reason, nextProbe: nextProbe)
            case .probing(let outage):
                return .breakerOpen(since: outage.since, reason: outage.reason, nextProbe: now)
            case .closed, nil:
                return full ? .heldBack : .running
            }
        }
    }

    /// Records that left the step's queue, per second, over the last ten seconds, or since it began less long ago.
    package var throughput: Double {
        let now = clock.now
        return state.withLock { $0.throughput.rate(at: now) }
    }

    /// Whether the sink is taken for gone. The retention of the step's queue stands still meanwhile, as it does while
    /// the step is paused.
    package var isBreakerOpen: Bool {
        state.withLock { state in
            switch state.breaker?.state {
            case .open, .probing: true
            case .closed, nil: false
            }
        }
    }

    /// How many probes in a row the sink has not answered; 0 while the breaker is closed.
    package var failedProbes: Int {
        state.withLock { state in
            switch state.breaker?.state {
            case .open(let outage, _), .probing(let outage): outage.failedProbes
            case .closed, nil: 0
            }
        }
    }

    /// Whether only a person or the sink can make the step go on: it is paused, or so many probes of its open breaker
    /// have failed.
    package func isStalled(afterProbes probes: Int) -> Bool { paused != nil || failedProbes >= probes }

    // MARK: What the loop asks

    /// Returns when the step may receive, and how much.
    /// - Throws: `CancellationError`; `QueueError.closed` from the queue behind.
    package func admit(upTo limit: Int) async throws -> Grant {
        while true {
            let version = signal.version
            switch admission(upTo: limit) {
            case .grant(let grant): return grant
            case .wait(let deadline): try await signal.wait(after: version, until: deadline, clock: clock)
            case .full(let queue): try await queue.waitForRoom()
            }
        }
    }

    /// `nil` when the step may not receive now.
    func admitNow(upTo limit: Int) -> Grant? {
        if case .grant(let grant) = admission(upTo: limit) { grant } else { nil }
    }

    /// Returns when a receive that `grant` allowed, and that still waits for a message, is no longer wanted.
    func waitUntilClosed(for grant: Grant) async throws {
        while true {
            let version = signal.version
            let isClosed = state.withLock { state in
                if state.pause != nil { return true }
                if grant.isProbe { return false }
                if case .closed? = state.breaker?.state { return false }
                return state.breaker != nil
            }
            if isClosed { return }
            try await signal.wait(after: version)
        }
    }

    private enum Admission {
        case grant(Grant)
        case wait(until: Timestamp?)
        case full(any BoundedQueue)
    }

    private func admission(upTo limit: Int) -> Admission {
        var limit = limit
        if let downstream {
            let room = downstream.room
            if room == 0 { return .full(downstream) }
            // What one batch makes of one record is not known; one output each keeps within the capacity.
            limit = min(limit, room)
        }
        let now = clock.now
        return state.withLock { state in
            if state.pause != nil { return .wait(until: nil) }
            if let heldUntil = state.heldUntil {
                if now < heldUntil { return .wait(until: heldUntil) }
                state.heldUntil = nil
            }
            switch state.breaker?.admit(at: now) {
            case .wait(let deadline): return .wait(until: deadline)
            // A probe does not wait for the rate: it is one record, and the interval bounds how many there are.
            case .probe: return .grant(Grant(limit: 1, isProbe: true))
            case .pass, nil: break
            }
            switch state.limiter?.reserve(upTo: limit, at: now) {
            case .wait(let deadline): return .wait(until: deadline)
            case .granted(let count): return .grant(Grant(limit: count))
            case nil: return .grant(Grant(limit: limit))
            }
        }
    }

    /// What the receive of a grant came to. A probe that found no record, or no answer, is withdrawn.
    func received(_ count: Int, with grant: Grant) {
        if grant.isProbe {
            if count == 0 { probeEnded() }
            return
        }
        let refund = grant.limit - count
        guard refund > 0 else { return }
        let isLimited = state.withLock { state in
            state.limiter?.giveBack(refund)
            return state.limiter != nil
        }
        if isLimited { signal.notify() }
    }

    /// The batch of a probe was decided about; unless the sink answered, the next one may be tried.
    func probeEnded() { handle(.probeWithdrawn) }

    func loopStarted() { state.withLock { $0.loops += 1 } }
    func loopEnded() { state.withLock { $0.loops -= 1 } }

    func count(_ records: Int) {
        let now = clock.now
        state.withLock { $0.throughput.count(records, at: now) }
    }

    // MARK: What the delivery reports

    /// A write to the sink, as the breaker knows it.
    package struct Write: Sendable {
        /// `nil` = the step has no breaker.
        fileprivate var term: Int?
        /// Its failure spends nothing.
        package var isProbe: Bool
    }

    /// To be called before a write begins: what it comes to counts only while the breaker has neither opened nor closed
    /// since.
    package func beginWrite() -> Write {
        state.withLock { state in
            guard let breaker = state.breaker else { return Write(term: nil, isProbe: false) }
            if case .probing = breaker.state { return Write(term: breaker.term, isProbe: true) }
            return Write(term: breaker.term, isProbe: false)
        }
    }

    package func ended(_ write: Write, _ event: Breaker.Event) {
        switch event {
        case .busy(let reason): handle(.busy(mask(reason)), begunIn: write.term)
        case .unavailable(let reason): handle(.unavailable(mask(reason)), begunIn: write.term)
        case .answered, .probeWithdrawn, .probeNow: handle(event, begunIn: write.term)
        }
    }

    /// What is kept of a text that somebody else wrote.
    package func masked(_ text: String) -> String { mask(text) }

    private func handle(_ event: Breaker.Event, begunIn term: Int? = nil) {
        let now = clock.now
        let (change, isNew) = state.withLock { state in
            let before = state.breaker?.term
            let change = state.breaker?.handle(event, begunIn: term, at: now) ?? .none
            switch change {
            case .opened: breakerChanged(name, true)
            case .closed: breakerChanged(name, false)
            case .none, .probeFailed: break
            }
            return (change, before != state.breaker?.term)
        }
        log(change)
        if isNew { signal.notify() }
    }

    private func log(_ change: Breaker.Change) {
        let step: Logger.MetadataValue = "\(name)"
        switch change {
        case .none: break
        case .opened(let reason):
            logger.error("The breaker opened: nothing is delivered", metadata: ["step": step, "reason": "\(reason)"])
        case .probeFailed(let reason, let count):
            logger.warning(
                "A probe failed: the breaker stays open",
                metadata: ["step": step, "reason": "\(reason)", "probes": "\(count)"])
        case .closed(let after):
            logger.notice(
                "The breaker closed: the sink takes records again",
                metadata: ["step": step, "seconds": "\(after.formattedSeconds)"])
        }
    }
}
