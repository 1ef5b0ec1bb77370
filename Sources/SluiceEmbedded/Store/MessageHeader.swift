import Sluice

/// What the store keeps of one message beside its body and its state.
struct MessageHeader {
    var id: MessageID
    var bodyLength: Int
    /// When it was stored under its id: moving to a dead-letter queue keeps it, a redrive stores a new message.
    var sent: Timestamp
    var lineage: Lineage
    var deduplicationID: String?
    /// What a client gave it beside its body.
    var properties: MessageProperties?
    /// Where and how it died, for a message of a dead-letter queue or one that was redriven.
    var death: Death?

    struct Death {
        /// The queue it died in, by full name.
        var source: String
        /// Receives before it died; goes on rising in the dead-letter queue.
        var receiveCount: Int
        var history: FailureHistory
        /// It was sent back to its queue since: the receives there begin anew.
        var redriven: Bool
    }
}

/// The binary form of the headers of one chunk: a version byte, then one entry a message.
///
/// Each entry begins with a number whose bits say which optional fields follow, so that a later version adds a
/// field without touching what is stored.
enum HeaderCoding {
    static let version: UInt8 = 2

    private struct Fields: OptionSet {
        let rawValue: Int
        static let identity = Fields(rawValue: 1)
        static let name = Fields(rawValue: 2)
        static let group = Fields(rawValue: 4)
        static let received = Fields(rawValue: 8)
        static let deduplication = Fields(rawValue: 16)
        static let subjects = Fields(rawValue: 32)
        static let death = Fields(rawValue: 64)
        /// Nothing else follows: the message is gone, and its place is kept so that those behind it keep theirs.
        static let hole = Fields(rawValue: 128)
        static let properties = Fields(rawValue: 256)
        static let known: Fields = [
            .identity, .name, .group, .received, .deduplication, .subjects, .death, .hole, .properties,
        ]
    }

    static func write(_ header: MessageHeader, to writer: inout ByteWriter) {
        let lineage = header.lineage
        var fields: Fields = []
        let ownIdentity = lineage.identity == RecordIdentity(header.id)
        if !ownIdentity { fields.insert(.identity) }
        if lineage.name != nil { fields.insert(.name) }
        if lineage.group != nil { fields.insert(.group) }
        if lineage.received != header.sent { fields.insert(.received) }
        if header.deduplicationID != nil { fields.insert(.deduplication) }
        if !lineage.subjects.isEmpty { fields.insert(.subjects) }
        if header.death != nil { fields.insert(.death) }
        if header.properties != nil { fields.insert(.properties) }

        writer.number(fields.rawValue)
        writer.id(header.id)
        writer.number(header.bodyLength)
        writer.moment(header.sent)
        if !ownIdentity { write(lineage.identity, to: &writer) }
        if let name = lineage.name { writer.string(name) }
        if let group = lineage.group { writer.string(group) }
        if fields.contains(.received) { writer.moment(lineage.received) }
        if let id = header.deduplicationID { writer.string(id) }
        if !lineage.subjects.isEmpty { write(lineage.subjects, to: &writer) }
        if let death = header.death {
            writer.string(death.source)
            writer.number(death.receiveCount)
            writer.byte(death.redriven ? 1 : 0)
            FailureCoding.write(death.history, to: &writer)
        }
        if let properties = header.properties { write(properties, to: &writer) }
    }

    /// The place of a message that is gone, and whose bytes are not stored any more.
    static func writeHole(to writer: inout ByteWriter) { writer.number(Fields.hole.rawValue) }

    private static let hole = MessageHeader(
        id: MessageID(high: 0, low: 0), bodyLength: 0, sent: Timestamp(milliseconds: 0),
        lineage: Lineage(identity: RecordIdentity(""), received: Timestamp(milliseconds: 0)))

    private static func write(_ identity: RecordIdentity, to writer: inout ByteWriter) {
        switch identity.origin {
        case .named(let name):
            writer.byte(0)
            writer.string(name)
        case .message(let id):
            writer.byte(identity.replay == 0 ? 1 : 3)
            writer.id(id)
        case .object(let object, let number):
            writer.byte(identity.replay == 0 ? 2 : 4)
            writer.string(object)
            writer.number(Int(number))
        }
        if identity.replay > 0 { writer.number(identity.replay) }
        writer.string(identity.outputs)
    }

    private static func readIdentity(from reader: inout ByteReader) throws(StoreDamage) -> RecordIdentity {
        let origin: RecordIdentity.Origin
        let kind = try reader.byte()
        switch kind {
        case 0: origin = .named(try reader.string())
        case 1, 3: origin = .message(try reader.id())
        case 2, 4: origin = .object(try reader.string(), Int64(try reader.number()))
        default: throw StoreDamage("an unknown kind of identity (\(kind))")
        }
        let replay = kind > 2 ? try reader.number() : 0
        return RecordIdentity(origin: origin, replay: replay, outputs: try reader.string())
    }

    private static func write(_ subjects: [SubjectHash], to writer: inout ByteWriter) {
        writer.number(subjects.count)
        for subject in subjects {
            writer.string(subject.kind)
            writer.word(subject.high)
            writer.word(subject.low)
        }
    }

    static func read(from reader: inout ByteReader) throws(StoreDamage) -> MessageHeader {
        let fields = Fields(rawValue: try reader.number())
        guard fields.isSubset(of: .known) else { throw StoreDamage("an unknown header field (\(fields.rawValue))") }
        guard !fields.contains(.hole) else { return hole }
        let id = try reader.id()
        let bodyLength = try reader.number()
        guard bodyLength >= 0, bodyLength <= Int32.max else { throw StoreDamage("a body of \(bodyLength) bytes") }
        let sent = try reader.moment()
        let identity = fields.contains(.identity) ? try readIdentity(from: &reader) : RecordIdentity(id)
        var lineage = Lineage(identity: identity, received: sent)
        if fields.contains(.name) { lineage.name = try reader.string() }
        if fields.contains(.group) { lineage.group = try reader.string() }
        if fields.contains(.received) { lineage.received = try reader.moment() }
        var header = MessageHeader(id: id, bodyLength: bodyLength, sent: sent, lineage: lineage)
        if fields.contains(.deduplication) { header.deduplicationID = try reader.string() }
        if fields.contains(.subjects) { header.lineage.subjects = try readSubjects(from: &reader) }
        if fields.contains(.death) { header.death = try readDeath(from: &reader) }
        if fields.contains(.properties) { header.properties = try readProperties(from: &reader) }
        return header
    }

    private static func readSubjects(from reader: inout ByteReader) throws(StoreDamage) -> [SubjectHash] {
        let count = try reader.length()
        var subjects: [SubjectHash] = []
        for _ in 0..<count {
            let kind = try reader.string()
            subjects.append(SubjectHash(kind: kind, high: try reader.word(), low: try reader.word()))
        }
        return subjects
    }

    private static func readDeath(from reader: inout ByteReader) throws(StoreDamage) -> MessageHeader.Death {
        let source = try reader.string()
        let receiveCount = Int(try reader.receives())
        let redriven = try reader.byte() == 1
        return MessageHeader.Death(
            source: source, receiveCount: receiveCount, history: try FailureCoding.readHistory(from: &reader),
            redriven: redriven)
    }

    private static func write(_ properties: MessageProperties, to writer: inout ByteWriter) {
        writer.number(properties.attributes.count)
        for attribute in properties.attributes {
            writer.string(attribute.name)
            writer.string(attribute.type)
            switch attribute.value {
            case .text(let bytes):
                writer.byte(1)
                writer.blob(bytes)
            case .binary(let bytes):
                writer.byte(2)
                writer.blob(bytes)
            }
        }
        writer.string(properties.traceHeader ?? "")
        writer.string(properties.sender ?? "")
    }

    private static func readProperties(from reader: inout ByteReader) throws(StoreDamage) -> MessageProperties {
        var properties = MessageProperties()
        for _ in 0..<(try reader.length()) {
            let (name, type) = (try reader.string(), try reader.string())
            let kind = try reader.byte()
            let bytes = try reader.blob()[...]
            guard kind == 1 || kind == 2 else { throw StoreDamage("an unknown kind of message attribute (\(kind))") }
            properties.attributes.append(
                MessageAttribute(name: name, type: type, value: kind == 1 ? .text(bytes) : .binary(bytes)))
        }
        let (trace, sender) = (try reader.string(), try reader.string())
        properties.traceHeader = trace.isEmpty ? nil : trace
        properties.sender = sender.isEmpty ? nil : sender
        return properties
    }
}
