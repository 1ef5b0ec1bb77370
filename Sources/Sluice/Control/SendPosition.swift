/// Where a batch stands in all that one sender sends to one queue, so that a batch that is sent again is stored once.
///
/// The store remembers how many messages of a session it has taken, in the transaction that stores them, and forgets
/// the session a day after its last message.
public struct SendPosition: Sendable, Hashable {
    /// Who sends: 128 random bits, chosen anew for every run of a sender and every queue.
    public var session: UInt128
    /// How many messages of the session come before this batch; 0 for the first. Not below 0.
    public var ordinal: Int

    public init(session: UInt128, ordinal: Int) {
        self.session = session
        self.ordinal = ordinal
    }

    /// The beginning of a new session.
    public static func newSession() -> SendPosition {
        SendPosition(session: .random(in: .min ... .max), ordinal: 0)
    }

    /// Behind `count` more messages of the session.
    public func advanced(by count: Int) -> SendPosition {
        SendPosition(session: session, ordinal: ordinal + count)
    }
}
