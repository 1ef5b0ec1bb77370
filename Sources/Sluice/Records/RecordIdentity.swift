/// What makes a record this one and no other: where it came from, and which output of which output it is.
///
/// The identity of a queue's message is the message's id; of a record in an object `bucket/key@version#n`.
/// Output `n` of a record is *identity/n*. It is never a hash of the content (real data repeats itself),
/// and it survives moves and redrives, although the message id of SQS changes there. Sinks record it.
public struct RecordIdentity: Hashable, Sendable, Codable, CustomStringConvertible {
    /// Where the record came from. A message's id and a record's number stay numbers, because every record has one and
    /// few are ever looked at as text.
    package enum Origin: Hashable, Sendable {
        case message(MessageID)
        /// The text of an object version, and the record's number in it, from 0.
        case object(String, Int64)
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
        } else if let identity = Self.ofObject(text) {
            self = identity
        } else {
            self.init(origin: .named(text), outputs: "")
        }
    }

    public init(_ message: MessageID) { self.init(origin: .message(message), outputs: "") }

    /// The record of this number in an object, from 0.
    public init(_ object: ObjectVersion, _ number: Int64) {
        self.init(origin: .object(object.description, number), outputs: "")
    }

    /// The notification of an object; no record has it.
    package init(of object: ObjectVersion) { self.init(origin: .named(object.description), outputs: "") }

    /// As sinks record it and people read it.
    public var text: String {
        switch origin {
        case .message(let id): outputs.isEmpty ? id.description : id.description + outputs
        case .object(let object, let number): "\(object)#\(number)\(outputs)"
        case .named(let name): outputs.isEmpty ? name : name + outputs
        }
    }

    public func output(_ index: Int) -> RecordIdentity {
        switch origin {
        case .message, .object:
            RecordIdentity(origin: origin, outputs: outputs + (index == 0 ? "/0" : "/\(index)"))
        // A name may end as an output does, so the two are not kept apart: equal texts are equal identities.
        case .named(let name): RecordIdentity(origin: .named("\(name)/\(index)"), outputs: "")
        }
    }

    /// `…@VERSION#7/0`. A key may have anything in it, so it is read from its end, where only numbers stand.
    private static func ofObject(_ text: String) -> RecordIdentity? {
        guard let mark = text.lastIndex(of: "#") else { return nil }
        let object = text[..<mark]
        let numbers = text[text.index(after: mark)...].split(separator: "/", omittingEmptySubsequences: false)
        guard numbers.allSatisfy(isNumber), let first = numbers.first, let number = Int64(first),
            let at = object.utf8.dropLast(versionLength).last, at == UInt8(ascii: "@"),
            object.utf8.suffix(versionLength).allSatisfy(\.isLowerCaseHexDigit)
        else { return nil }
        let outputs = numbers.dropFirst().map { "/\($0)" }.joined()
        return RecordIdentity(origin: .object(String(object), number), outputs: outputs)
    }

    /// Of an object's version, in digits.
    package static let versionLength = 32

    /// As `output` writes one: so that equal texts are equal identities.
    private static func isNumber(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "0") || text.utf8.count == 1 else { return false }
        return text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } && text.utf8.count < 19
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

extension UInt8 {
    fileprivate var isLowerCaseHexDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }
}
