/// What makes a record this one and no other: where it came from, and which output of which output it is.
///
/// The identity of a queue's message is the message's id; of a record in an object `bucket/key@version#n`.
/// A replay is another identity: that of its origin with *~number* behind it. Output `n` of a record is *identity/n*. It
/// is never a hash of the content (real data repeats itself), and it survives moves and redrives, although the message
/// id of SQS changes there. Sinks record it.
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
    /// The number of the replay that has sent the record again; 0 = it is what arrived.
    package let replay: Int
    /// `/0`, `/0/3`: the outputs on the way from the origin; empty for the origin itself.
    package let outputs: String

    package init(origin: Origin, replay: Int = 0, outputs: String) {
        self.origin = origin
        self.replay = replay
        self.outputs = outputs
    }

    /// Reads what `text` wrote.
    public init(_ text: String) {
        if let id = MessageID(text.prefix(36)), id.description == text.prefix(36),
            let (replay, outputs) = Self.replayAndOutputs(text.dropFirst(36))
        {
            self.init(origin: .message(id), replay: replay, outputs: outputs)
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

    /// Of a message that announces an object, for the first time or for a replay: the text of the object's version.
    package var announcedObject: String {
        let text = text
        guard let mark = text.lastIndex(of: "~") else { return text }
        // A version, which has no such mark, stands behind whatever the key has.
        let number = text[text.index(after: mark)...]
        return !number.isEmpty && number.allSatisfy(\.isWholeNumber) ? String(text[..<mark]) : text
    }

    /// As sinks record it and people read it.
    public var text: String {
        switch origin {
        case .message(let id): replay == 0 && outputs.isEmpty ? id.description : id.description + replayText + outputs
        case .object(let object, let number): "\(object)#\(number)\(replayText)\(outputs)"
        case .named(let name): outputs.isEmpty ? name : name + outputs
        }
    }

    /// `~3`; empty for what arrived.
    package var replayText: String { replay == 0 ? "" : "~\(replay)" }

    /// The same record, sent again by a replay.
    package func replayed(by number: Int) -> RecordIdentity {
        switch origin {
        case .message, .object: RecordIdentity(origin: origin, replay: number, outputs: outputs)
        case .named(let name): RecordIdentity(origin: .named("\(name)~\(number)"), outputs: "")
        }
    }

    /// What arrived: without the way through steps and replays.
    package var raw: RecordIdentity { RecordIdentity(origin: origin, outputs: "") }

    public func output(_ index: Int) -> RecordIdentity {
        switch origin {
        case .message, .object:
            RecordIdentity(origin: origin, replay: replay, outputs: outputs + (index == 0 ? "/0" : "/\(index)"))
        // A name may end as an output does, so the two are not kept apart: equal texts are equal identities.
        case .named(let name): RecordIdentity(origin: .named("\(name)/\(index)"), outputs: "")
        }
    }

    /// `…@VERSION#7/0`. A key may have anything in it, so it is read from its end, where only numbers stand.
    private static func ofObject(_ text: String) -> RecordIdentity? {
        guard let mark = text.lastIndex(of: "#") else { return nil }
        let object = text[..<mark]
        let numbers = text[text.index(after: mark)...]
        let first = numbers.prefix { $0.isWholeNumber }
        guard isNumber(first), let number = Int64(first),
            let (replay, outputs) = replayAndOutputs(numbers.dropFirst(first.count)),
            let at = object.utf8.dropLast(versionLength).last, at == UInt8(ascii: "@"),
            object.utf8.suffix(versionLength).allSatisfy(\.isLowerCaseHexDigit)
        else { return nil }
        return RecordIdentity(origin: .object(String(object), number), replay: replay, outputs: outputs)
    }

    /// `~3/0/2`; both may be missing.
    private static func replayAndOutputs(_ text: Substring) -> (replay: Int, outputs: String)? {
        var replay = 0
        var outputs = text
        if text.first == "~" {
            let digits = text.dropFirst().prefix { $0.isWholeNumber }
            guard isNumber(digits), let number = Int(digits), number > 0 else { return nil }
            replay = number
            outputs = text.dropFirst(1 + digits.count)
        }
        guard outputs.first ?? "/" == "/" else { return nil }
        guard
            outputs.isEmpty
                || outputs.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
                    .allSatisfy(isNumber)
        else { return nil }
        return (replay, String(outputs))
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
