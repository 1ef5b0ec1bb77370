/// The bytes of a record's body, opaque from arrival to sink: a slice of the buffer it arrived in, so
/// that passing it on copies nothing.
public typealias Bytes = ArraySlice<UInt8>

extension Bytes {
    public init(_ text: some StringProtocol) { self = Array(text.utf8)[...] }

    /// The body as text for people; bytes that are not UTF-8 are replaced. Never on the hot path.
    public var text: String { String(decoding: self, as: UTF8.self) }
}
