/// How long a record waits between receives: `first`, then `factor` times longer each time, up to `max`.
public struct Backoff: Hashable, Sendable {
    /// 0 s to 12 h; 1 s.
    public var first: Duration
    /// 0 s to 12 h; 15 minutes.
    public var max: Duration
    /// 1 to 100; 2.
    public var factor: Double
    /// Each wait is a random share, between half and all, of what it would be: retries do not come back in step.
    public var jitter: Bool

    public init(
        first: Duration = .seconds(1), max: Duration = .seconds(900), factor: Double = 2, jitter: Bool = true
    ) {
        self.first = first
        self.max = max
        self.factor = factor
        self.jitter = jitter
    }

    /// The wait before receive number `receive + 1`.
    public func delay(afterReceive receive: Int) -> Duration {
        var seconds = first.inSeconds
        let longest = self.max.inSeconds
        for _ in 1..<Swift.max(receive, 2) where seconds < longest && receive > 1 { seconds *= factor }
        seconds = Swift.min(seconds, longest)
        if jitter { seconds *= Double.random(in: 0.5...1) }
        return .milliseconds(Int64(seconds * 1_000))
    }
}

/// When a delivery stops trying for a while.
public struct BreakerPlan: Hashable, Sendable {
    /// Failures in a row. 1 to 1,000; 5.
    public var after: Int
    /// Time between probes. 1 s to 1 h; 30 s.
    public var probe: Duration

    public init(after: Int = 5, probe: Duration = .seconds(30)) {
        self.after = after
        self.probe = probe
    }
}

/// What a failure of a certain kind means.
public struct ErrorRule: Hashable, Sendable {
    public enum Verdict: String, Hashable, Sendable, Codable, CaseIterable { case retry, reject, filter, pause }
    /// An error type with `*` wildcards, or a regular expression between slashes that is tried on the message.
    public var match: String
    public var then: Verdict

    public init(match: String, then: Verdict) {
        self.match = match
        self.then = then
    }
}
