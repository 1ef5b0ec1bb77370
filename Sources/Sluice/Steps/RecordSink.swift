/// Where records end: a table, an API. One file or folder each in SluiceConnectors.
///
/// Conformances pass `RecordSinkConformance`.
public protocol RecordSink: Sendable {
    /// Writes a batch, whole or not at all, in the order given, and says for each record what it came to.
    ///
    /// May be called again with records it has already written, when a crash came between the write and the
    /// settlement: a sink that can tell answers `.repeated`. Called concurrently, up to the delivery's concurrency.
    /// When the task is cancelled (the delivery's timeout, our shutdown) it throws soon, or returns what it has
    /// committed: the delivery waits for it, because only the sink knows whether the batch was written.
    /// A sink that cannot take a write back (an API) remembers what of the batch it has written when it throws, and does
    /// not write those records again when they come again.
    /// - Throws: `SinkError`; nothing of the batch was written then.
    func write(_ batch: [SinkRecord]) async throws(SinkError) -> [SinkEffect]

    /// The settlement of these records is durable: what the sink remembers to recognise them may go. Called
    /// after every settlement, before a later `write`; lost when the process dies, which costs a few rows.
    func settled(_ records: [RecordIdentity]) async throws(SinkError)

    /// Whether the sink would take a record now, for a check of a definition that may connect. No step calls it: a
    /// breaker closes on a real record.
    func probe() async throws(SinkError)

    /// Ends connections. Called once, after the last write has returned.
    func close() async
}

public struct SinkRecord: Sendable, Hashable {
    public var identity: RecordIdentity
    /// The user's own name for the record (`id:`), if it has one.
    public var givenName: String?
    public var body: Bytes
    public var received: Timestamp

    public init(identity: RecordIdentity, name: String? = nil, body: Bytes, received: Timestamp) {
        self.identity = identity
        self.givenName = name
        self.body = body
        self.received = received
    }

    /// The user's own name for the record, or its identity: `meta.id`.
    public var name: String { givenName ?? identity.text }
}

/// One record that can never be written.
public struct SinkRejection: Sendable, Hashable {
    /// Its place in the batch, from 0.
    public var index: Int
    /// For people: what is wrong with it, and what to do.
    public var reason: String
    /// For `errors: match:`, such as `sql:1555` or `not-json`.
    public var type: String

    public init(index: Int, reason: String, type: String) {
        self.index = index
        self.reason = reason
        self.type = type
    }
}

/// Why a batch was not written, by what has to happen next.
public enum SinkError: Error, Sendable, Hashable {
    /// These records can never be written: they go to the dead-letter queue (or where `errors:` sends them), and the
    /// others are tried again at once.
    ///
    /// Names every bad record that the sink can tell, in the order of the batch, because the batch is written again
    /// for each answer: at least one, each as it would be judged if those before it that are not named were written.
    /// A good record is never named.
    case rejected([SinkRejection])
    /// The batch can never be written as it is, and the sink cannot tell which record is to blame: it is
    /// halved, down to the record.
    case batchRejected(reason: String, type: String)
    /// The same because the batch is too large: later ones are smaller as well, for a while.
    case tooLarge(reason: String, type: String)
    /// Somebody else holds the sink for a moment (a lock, a deadlock, a rate limit): released, tried again
    /// after `after` or the backoff. So many in a row open the breaker.
    case busy(reason: String, type: String, after: Duration?)
    /// The sink's setting or service is at fault, not the data: the breaker opens, and no receive is spent.
    case unavailable(reason: String, type: String)
}
