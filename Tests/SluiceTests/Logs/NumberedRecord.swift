import Sluice

extension RawRecord {
    /// A record whose identity is made of `number`.
    static func numbered(_ number: UInt64, _ body: String = "") -> RawRecord {
        RawRecord(
            body: Bytes(body), identity: RecordIdentity(MessageID(high: 1, low: number)),
            received: Timestamp(milliseconds: 0))
    }
}
