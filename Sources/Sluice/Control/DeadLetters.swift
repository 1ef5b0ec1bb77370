/// Which dead letters a command means. Empty fields do not restrict; an empty selection means all.
public struct DeadLetterSelection: Sendable, Hashable, Codable {
    public var pipeline: String?
    /// Message ids or identities.
    public var ids: [String]
    /// The group's number as `dlq` printed it is resolved to its fingerprint by the command.
    public var fingerprint: String?
    /// Part of the reason, in any case of letters.
    public var reason: String?
    public var since: Timestamp?

    public init(
        pipeline: String? = nil, ids: [String] = [], fingerprint: String? = nil, reason: String? = nil,
        since: Timestamp? = nil
    ) {
        self.pipeline = pipeline
        self.ids = ids
        self.fingerprint = fingerprint
        self.reason = reason
        self.since = since
    }
}

/// Dead letters of one cause: one line of `sluice dlq`.
public struct DeadLetterGroup: Sendable, Hashable, Codable {
    public var pipeline: String
    public var fingerprint: String
    public var count: Int
    public var step: String
    /// The latest reason among them.
    public var reason: String
    public var first: Timestamp
    public var last: Timestamp
    public var version: String?

    public init(
        pipeline: String, fingerprint: String, count: Int, step: String, reason: String, first: Timestamp,
        last: Timestamp, version: String?
    ) {
        self.pipeline = pipeline
        self.fingerprint = fingerprint
        self.count = count
        self.step = step
        self.reason = reason
        self.first = first
        self.last = last
        self.version = version
    }
}

public struct DeadLetter: Sendable, Hashable, Codable {
    public var id: MessageID
    public var pipeline: String
    public var queue: String
    /// The queue it died in.
    public var source: String
    public var identity: RecordIdentity
    public var name: String?
    public var group: String?
    public var received: Timestamp
    public var died: Timestamp
    public var receiveCount: Int
    public var history: FailureHistory
    public var body: [UInt8]

    public init(
        id: MessageID, pipeline: String, queue: String, source: String, identity: RecordIdentity, name: String?,
        group: String?, received: Timestamp, died: Timestamp, receiveCount: Int, history: FailureHistory,
        body: [UInt8]
    ) {
        self.id = id
        self.pipeline = pipeline
        self.queue = queue
        self.source = source
        self.identity = identity
        self.name = name
        self.group = group
        self.received = received
        self.died = died
        self.receiveCount = receiveCount
        self.history = history
        self.body = body
    }
}

/// Some of the dead letters that match, and where the next ones are.
public struct DeadLetterPage: Sendable, Hashable, Codable {
    public var letters: [DeadLetter]
    /// `nil` = these were the last.
    public var next: DeadLetterPlace?

    public init(letters: [DeadLetter], next: DeadLetterPlace?) {
        self.letters = letters
        self.next = next
    }
}

/// Behind which dead letter a page begins. What is redriven, discarded or dies meanwhile moves nothing.
public struct DeadLetterPlace: Sendable, Hashable, Codable {
    public var queue: Int64
    public var chunk: Int64
    public var index: Int32

    public init(queue: Int64, chunk: Int64, index: Int32) {
        self.queue = queue
        self.chunk = chunk
        self.index = index
    }
}

public struct RedriveOptions: Sendable, Hashable, Codable {
    /// Messages per second; `nil` = at once.
    public var rate: Double?
    /// At most so many.
    public var limit: Int?
    /// Stops when so many of the redriven have died again.
    public var stopAfter: Int?
    /// Replaces the body; only with a selection of one message.
    public var body: [UInt8]?

    public init(rate: Double? = nil, limit: Int? = nil, stopAfter: Int? = nil, body: [UInt8]? = nil) {
        self.rate = rate
        self.limit = limit
        self.stopAfter = stopAfter
        self.body = body
    }
}

public struct RedriveReport: Sendable, Hashable, Codable {
    public var redriven: Int
    public var diedAgain: Int
    /// True when `stopAfter` ended it.
    public var stopped: Bool

    public init(redriven: Int, diedAgain: Int, stopped: Bool) {
        self.redriven = redriven
        self.diedAgain = diedAgain
        self.stopped = stopped
    }
}
