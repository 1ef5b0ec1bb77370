/// A person, as headers know one: the kind (`customer`) and a keyed hash of the value. Without the data
/// folder's secret nobody can tell who it is, or try out who it might be.
public struct SubjectHash: Hashable, Sendable {
    /// `customer` in `subject: {customer: $.customer_id}`. 42 of another kind is another person.
    public let kind: String
    /// The first 16 bytes of HMAC-SHA256, as two big-endian words.
    public let high: UInt64
    public let low: UInt64

    public init(kind: String, high: UInt64, low: UInt64) {
        self.kind = kind
        self.high = high
        self.low = low
    }
}
