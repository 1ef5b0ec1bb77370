/// What a step decided about one message it was given.
public enum Disposition: Sendable, Hashable {
    /// Its outputs are stored in their queues and the message is gone, together.
    case passed([Outgoing])
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
