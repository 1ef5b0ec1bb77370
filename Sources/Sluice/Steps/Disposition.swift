/// What a step decided about one message it was given.
public enum Disposition: Sendable, Hashable {
    /// Its outputs are stored in their queues and the message is gone, together.
    case passed([Outgoing])
    /// A part of an object: its records are stored in the intake queue, and where to go on with it. The message is gone
    /// with the last part; until then it is visible again, and its receives begin anew.
    case split(SplitPart)
    /// Gone on purpose; nothing comes of it.
    case filtered
    /// Gone, without outputs: the function says that all went well, and not for which record (`answers: aws`).
    case unconfirmed
    /// Written to the sink, or known not to need it; the message is gone.
    case delivered(SinkEffect)
    /// Visible again after the backoff; until then it is in flight, and a FIFO group waits behind it. The
    /// receive counts: the last one that is allowed goes to the dead-letter queue instead.
    case retry(after: Duration, Failure)
    /// Visible again, after `after` if a sink asked for it; the receive does not count (an open breaker, our
    /// own shutdown, no slot).
    case release(after: Duration = .zero)
    /// To the dead-letter queue, with its failure.
    case dead(Failure)
}

/// What Split has read of an object at once.
public struct SplitPart: Sendable, Hashable {
    public var object: ObjectVersion
    /// The number of the replay that reads the object again; 0 = it is read as it has arrived.
    public var replay: Int
    /// The queue that records enter, by its full name.
    public var intake: String
    public var records: [SplitRecord]
    /// What is no record: kept in the dead-letter queue of the objects.
    public var refused: [RefusedRecord]
    /// Where to go on; `nil` = nothing is left of the object.
    public var next: SourcePosition?

    public init(
        object: ObjectVersion, replay: Int = 0, intake: String, records: [SplitRecord], refused: [RefusedRecord],
        next: SourcePosition?
    ) {
        self.object = object
        self.replay = replay
        self.intake = intake
        self.records = records
        self.refused = refused
        self.next = next
    }

    /// Of the record of this number.
    package func identity(of number: Int64) -> RecordIdentity {
        RecordIdentity(origin: .object(object.description, number), replay: replay, outputs: "")
    }

    /// What the position is kept under: the identity of the message that announces the object.
    package var positionName: String {
        let announced = RecordIdentity(of: object)
        return (replay == 0 ? announced : announced.replayed(by: replay)).text
    }
}

/// A part of an object that Split could make no record of.
public struct RefusedRecord: Sendable, Hashable {
    /// Its number among the object's records, from 0.
    public var number: Int64
    /// What there is of it, cut where it is long.
    public var body: Bytes
    public var failure: Failure

    public init(number: Int64, body: Bytes, failure: Failure) {
        self.number = number
        self.body = body
        self.failure = failure
    }
}

/// What a delivery came to at the sink. The ledger: delivered = written + stale + repeated + ignored.
public enum SinkEffect: String, Sendable, Hashable, Codable, CaseIterable {
    /// A row was written.
    case written
    /// The sink holds a newer event of the same key (`newer_by`).
    case stale
    /// The sink already has this very record, from before a crash.
    case repeated
    /// `mode: ignore`, and the sink has a row with this key.
    case ignored
}
