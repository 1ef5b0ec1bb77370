/// One figure of the ledger. Each is counted in the transaction that makes it true.
///
/// - Queue: `sent + split + step + dead + refused + redriven + replayed + movedIn` = what is there + `done +
///   deadLettered + expired + discarded + movedOut + erased + lost`.
/// - Stage of a pipeline: `done` of its queues = `passed + filtered + unconfirmed` of its steps, those of former
///   definitions included.
/// - Delivery: `passed` = `written + stale + repeated + ignored`.
/// - Split: `read` = `split` of the intake queue + `refused` of the objects' dead-letter queue.
/// - Edge: `outputs` of a step = `step` of the queue behind it + `deduplicated` there.
public enum LedgerEntry: String, Sendable, Hashable, Codable, CaseIterable, CodingKeyRepresentable {
    // How messages entered a queue.
    case sent, split, step, dead, refused, redriven, replayed, movedIn
    // How they left it.
    case done, deadLettered, expired, discarded, movedOut, erased
    /// Could not be read when a damaged folder was repaired.
    case lost
    /// A send that was accepted and dropped; it never entered.
    case deduplicated
    // What a step made of them.
    case passed, filtered, unconfirmed
    /// Records, broken ones included, that Split has read from objects.
    case read
    /// Messages that a step stored in the queue behind it.
    case outputs
    // Attempts, counted beside the ledger.
    case retried, released
    // What a delivery came to at the sink.
    case written, stale, repeated, ignored
    /// Records that name no person where the definition says they should.
    case withoutSubject

    public static let entered: [LedgerEntry] = [.sent, .split, .step, .dead, .refused, .redriven, .replayed, .movedIn]
    public static let left: [LedgerEntry] = [.done, .deadLettered, .expired, .discarded, .movedOut, .erased, .lost]
}

extension SinkEffect {
    public var ledgerEntry: LedgerEntry {
        switch self {
        case .written: .written
        case .stale: .stale
        case .repeated: .repeated
        case .ignored: .ignored
        }
    }
}
