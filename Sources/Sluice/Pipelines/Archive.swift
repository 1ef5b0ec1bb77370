/// Raw copies of all that is received, byte for byte, before any transformation.
public struct Archive: Hashable, Sendable {
    /// 1 hour to 10 years; 14 days. An older copy is really deleted.
    public var keep: Duration

    public init(keep: Duration = .days(14)) { self.keep = keep }
}

/// The records that failed for good, in the dead-letter queues.
public struct DeadLetters: Hashable, Sendable {
    /// 1 minute to 10 years; 14 days.
    public var keep: Duration

    public init(keep: Duration = .days(14)) { self.keep = keep }
}
