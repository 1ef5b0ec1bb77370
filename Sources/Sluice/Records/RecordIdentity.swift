/// What makes a record this one and no other: where it came from, and which output of which output it is.
///
/// The identity of a queue's message is the message's id; of a line in an object `bucket/key@version#n`.
/// Output `n` of a record is *identity/n*. It is never a hash of the content (real data repeats itself),
/// and it survives moves and redrives, although the message id of SQS changes there. Sinks record it.
public struct RecordIdentity: Hashable, Sendable, Codable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) { self.text = text }
    public init(_ message: MessageID) { text = message.description }

    public func output(_ index: Int) -> RecordIdentity { RecordIdentity("\(text)/\(index)") }

    public init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    public var description: String { text }
}
