/// JSON as spans of the bytes it came in: nothing is copied, numbers keep their digits, no `String` is made of a
/// body. One value of a document, by where it starts and ends.
public struct JSONValue: Sendable {
    public enum Kind: Sendable, Hashable { case object, array, string, number, `true`, `false`, null }
    public let kind: Kind
    /// The bytes of the value, quotes and brackets included, without surrounding space.
    public let bytes: Bytes
}
