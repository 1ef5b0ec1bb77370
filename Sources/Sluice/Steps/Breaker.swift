/// Keeps good records away from a sink that is not there: after some failures in a row, or one that says so plainly,
/// nothing is received any more until one real record, sent as a probe, gets through.
///
/// A pure value: an event goes in, what changed comes out. `StepControl` holds one and does what it says.
package struct Breaker: Sendable, Hashable {
    package enum State: Sendable, Hashable {
        /// Everything is let through; so many service failures came in a row.
        case closed(failures: Int)
        case open(Outage, nextProbe: Timestamp)
        /// One record is on its way; everybody else waits for what becomes of it.
        case probing(Outage)
    }

    package struct Outage: Sendable, Hashable {
        package var since: Timestamp
        /// What the sink said last.
        package var reason: String
        /// How many probes it has not answered.
        package var failedProbes = 0
    }

    /// How a write, or the attempt of one, ended.
    package enum Event: Sendable, Hashable {
        /// The service answered: it took records, or said what is wrong with them.
        case answered
        /// The service is there and cannot now.
        case busy(String)
        /// The service, or how it is set up, is at fault.
        case unavailable(String)
        /// A probe ended without having reached the sink: there was no record, or we are shutting down.
        case probeWithdrawn
        /// Somebody who knows more asks to try at once.
        case probeNow
    }

    package enum Change: Sendable, Hashable {
        case none
        case opened(reason: String)
        case probeFailed(reason: String, count: Int)
        /// After having been open for so long.
        case closed(after: Duration)
    }

    package enum Admission: Sendable, Hashable {
        case pass
        /// The caller, and nobody else, takes one record to the sink.
        case probe
        /// `nil` = until something changes.
        case wait(until: Timestamp?)
    }

    package let plan: BreakerPlan
    package private(set) var state = State.closed(failures: 0)
    /// Grows whenever it opens, probes or closes: what a write that began in an earlier term came to tells nothing of
    /// this one.
    package private(set) var term = 0

    package init(_ plan: BreakerPlan) { self.plan = plan }

    /// - Parameter term: the `term` in which the write began; `nil` for what is not about a write.
    package mutating func handle(_ event: Event, begunIn term: Int? = nil, at now: Timestamp) -> Change {
        if let term, term != self.term { return .none }
        switch (state, event) {
        case (.closed, .answered):
            state = .closed(failures: 0)
            return .none
        case (.closed(let failures), .busy(let reason)):
            guard failures + 1 >= plan.after else {
                state = .closed(failures: failures + 1)
                return .none
            }
            return open(reason, now)
        case (.closed, .unavailable(let reason)):
            return open(reason, now)
        case (.probing(let outage), .answered):
            enter(.closed(failures: 0))
            return .closed(after: now - outage.since)
        case (.probing(var outage), .busy(let reason)), (.probing(var outage), .unavailable(let reason)):
            outage.reason = reason
            outage.failedProbes += 1
            // The interval stays constant: an operator who repaired something waits at most that long.
            enter(.open(outage, nextProbe: now + plan.probe))
            return .probeFailed(reason: reason, count: outage.failedProbes)
        case (.probing(let outage), .probeWithdrawn), (.open(let outage, _), .probeNow):
            enter(.open(outage, nextProbe: now))
            return .none
        // Nothing is written while it is open.
        case (.open, .answered), (.open, .busy), (.open, .unavailable), (.open, .probeWithdrawn):
            return .none
        case (.closed, .probeWithdrawn), (.closed, .probeNow), (.probing, .probeNow):
            return .none
        }
    }

    private mutating func open(_ reason: String, _ now: Timestamp) -> Change {
        enter(.open(Outage(since: now, reason: reason), nextProbe: now + plan.probe))
        return .opened(reason: reason)
    }

    private mutating func enter(_ state: State) {
        self.state = state
        term += 1
    }

    /// Whether a step may receive now. Answers `.probe` to the first who asks after the time for one has come.
    package mutating func admit(at now: Timestamp) -> Admission {
        switch state {
        case .closed: return .pass
        case .probing: return .wait(until: nil)
        case .open(let outage, let nextProbe):
            guard now >= nextProbe else { return .wait(until: nextProbe) }
            enter(.probing(outage))
            return .probe
        }
    }
}
