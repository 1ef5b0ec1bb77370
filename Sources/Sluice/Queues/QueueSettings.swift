/// What kind of queue it is, for good: a queue cannot be converted.
public enum QueueType: String, Sendable, Codable, CaseIterable {
    case standard, fifo
}

/// The settings of one queue, as the engine applies them.
public struct QueueSettings: Hashable, Sendable, Codable {
    /// How many receives a message is given before it goes to the dead-letter queue. 1 to 1,000; 5.
    /// Counts only where there is a dead-letter queue.
    public var maxReceiveCount: Int
    /// How long a received message is hidden. 0 s to 12 h; `nil` = as long as the work takes (our own steps),
    /// or 30 s (a client).
    public var visibilityTimeout: Duration?
    /// How long a message is kept. 1 minute to 14 days; 14 days. A dead-letter queue: up to 10 years.
    public var retention: Duration
    /// How long a new message stays delayed. 0 s to 15 minutes; 0 s.
    public var delay: Duration
    /// How many messages may wait before producers are held back. 1,000,000.
    public var capacity: Int
    /// How many bytes of bodies may wait before producers are held back; `nil` = no such bound.
    public var maxBytes: Int?

    public init(
        maxReceiveCount: Int = 5, visibilityTimeout: Duration? = nil, retention: Duration = .seconds(14 * 86_400),
        delay: Duration = .zero, capacity: Int = 1_000_000, maxBytes: Int? = nil
    ) {
        self.maxReceiveCount = maxReceiveCount
        self.visibilityTimeout = visibilityTimeout
        self.retention = retention
        self.delay = delay
        self.capacity = capacity
        self.maxBytes = maxBytes
    }
}

/// How many messages are where in one queue, at one moment.
public struct QueueDepth: Hashable, Sendable, Codable {
    /// Visible: a receive would return them.
    public var ready = 0
    /// Waiting for their DelaySeconds.
    public var delayed = 0
    /// Received and neither deleted nor visible again; a retried message counts here until its backoff ends.
    public var inFlight = 0
    /// The bytes of all their bodies.
    public var bytes = 0
    /// When the oldest of them entered the queue.
    public var oldest: Timestamp?

    public init() {}
    public var messages: Int { ready + delayed + inFlight }
}
