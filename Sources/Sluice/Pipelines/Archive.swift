/// Raw copies of all that is received, byte for byte, before any transformation.
public struct Archive: Hashable, Sendable {
    /// 1 hour to 10 years; 14 days. An older copy is really deleted.
    public var keep: Duration
    /// What raw copies may take on the disk; at it the source is held, and nothing is dropped. 10 MB to 1 PB; `nil` = as
    /// much as there is.
    public var maxSize: ByteCount?

    public init(keep: Duration = .days(14), maxSize: ByteCount? = nil) {
        self.keep = keep
        self.maxSize = maxSize
    }
}

/// The records that failed for good, in the dead-letter queues.
public struct DeadLetters: Hashable, Sendable {
    /// 1 minute to 10 years; 14 days.
    public var keep: Duration

    public init(keep: Duration = .days(14)) { self.keep = keep }
}
