/// What makes a record this one and no other: where it came from, and which output of which output it is.
///
/// The identity of a queue's message is the message's id; of a line in an object `bucket/key@version#n`.
/// Output `n` of a record is *identity/n*. It is never a hash of the content (real data repeats itself),
/// and it survives moves and redrives, although the message id of SQS changes there. Sinks record it.
public struct RecordIdentity: Hashable, Sendable, Codable, CustomStringConvertible {
    /// Where the record came from. A message's id stays a number, because every record has one and few are ever
    /// looked at as text.
    package enum Origin: Hashable, Sendable {
        case message(MessageID)
        case named(String)
    }

    package let origin: Origin
    /// `/0`, `/0/3`: the outputs on the way from the origin; empty for the origin itself.
    package let outputs: String

    package init(origin: Origin, outputs: String) {
        self.origin = origin
        self.outputs = outputs
    }

    /// Reads what `text` wrote.
    public init(_ text: String) {
        let outputs = text.dropFirst(36)
        if let id = MessageID(text.prefix(36)), id.description == text.prefix(36), outputs.first ?? "/" == "/" {
            self.init(origin: .message(id), outputs: String(outputs))
        } else {
            self.init(origin: .named(text), outputs: "")
        }
    }

    public init(_ message: MessageID) { self.init(origin: .message(message), outputs: "") }

    /// As sinks record it and people read it.
    public var text: String {
        switch origin {
        case .message(let id): outputs.isEmpty ? id.description : id.description + outputs
        case .named(let name): outputs.isEmpty ? name : name + outputs
        }
    }

    public func output(_ index: Int) -> RecordIdentity {
        switch origin {
        case .message: RecordIdentity(origin: origin, outputs: outputs + (index == 0 ? "/0" : "/\(index)"))
        // A name may end as an output does, so the two are not kept apart: equal texts are equal identities.
        case .named(let name): RecordIdentity(origin: .named("\(name)/\(index)"), outputs: "")
        }
    }

    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    public var description: String { text }
}
