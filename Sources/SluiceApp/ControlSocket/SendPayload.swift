import NIOCore
import Sluice

/// Messages for one queue, in the binary form in which they travel over `control.sock`.
///
///     flags: UInt8     bit 0: `ordered`, bit 1: has a position
///     position         session UInt128, ordinal UInt64; only where the flag says so
///     queue: UInt16 length, bytes
///     count: UInt32
///     each:  body UInt32 length, group UInt16 length, deduplication id UInt16 length, delay Int64 in milliseconds
///            (`absent` = not given), then group, deduplication id, body
struct SendPayload: Sendable {
    var queue: String
    var messages: [NewMessage]
    /// Stored after the ordered sends before it on this connection, and only if they were all stored: several may be
    /// under way, and a later one must not overtake.
    var ordered: Bool
    /// What makes it harmless to send this again.
    var position: SendPosition?

    private static let orderedFlag: UInt8 = 1
    private static let positionFlag: UInt8 = 2
    private static let positionLength = 24
    private static let absentLength = UInt16.max
    private static let absentDelay = Int64.min
    /// The bytes of one message beside its texts.
    private static let perMessage = 16

    /// How many bytes a message takes.
    static func size(of message: NewMessage) -> Int {
        perMessage + message.body.count + (message.group?.utf8.count ?? 0)
            + (message.deduplicationID?.utf8.count ?? 0)
    }

    /// - Throws: `ControlError.refused` when a text is too long to travel.
    func encoded(allocator: ByteBufferAllocator) throws -> ByteBuffer {
        let size = messages.reduce(7 + Self.positionLength + queue.utf8.count) { $0 + Self.size(of: $1) }
        var buffer = allocator.buffer(capacity: size)
        buffer.writeInteger((ordered ? Self.orderedFlag : 0) | (position == nil ? 0 : Self.positionFlag))
        if let position {
            buffer.writeInteger(position.session)
            buffer.writeInteger(UInt64(position.ordinal))
        }
        buffer.writeInteger(try Self.length(of: queue))
        buffer.writeString(queue)
        buffer.writeInteger(UInt32(messages.count))
        for message in messages {
            buffer.writeInteger(UInt32(message.body.count))
            buffer.writeInteger(try Self.length(of: message.group))
            buffer.writeInteger(try Self.length(of: message.deduplicationID))
            buffer.writeInteger(message.delay?.milliseconds ?? Self.absentDelay)
            if let group = message.group { buffer.writeString(group) }
            if let id = message.deduplicationID { buffer.writeString(id) }
            buffer.writeBytes(message.body)
        }
        return buffer
    }

    private static func length(of text: String?) throws -> UInt16 {
        guard let text else { return absentLength }
        guard text.utf8.count < absentLength else {
            throw ControlError.refused("a name of \(text.utf8.count) bytes; a group or an id has at most 128")
        }
        return UInt16(text.utf8.count)
    }

    init(queue: String, messages: [NewMessage], ordered: Bool, position: SendPosition? = nil) {
        self.queue = queue
        self.messages = messages
        self.ordered = ordered
        self.position = position
    }

    /// - Throws: `FrameError` when the bytes are not what the layout says.
    init(decoding payload: ByteBuffer) throws {
        var header = payload
        guard let flags = header.readInteger(as: UInt8.self) else { throw Self.cutOff }
        let position = flags & Self.positionFlag == 0 ? nil : try Self.position(from: &header)
        guard let length = header.readInteger(as: UInt16.self),
            let queue = header.readString(length: Int(length)), let count = header.readInteger(as: UInt32.self)
        else { throw Self.cutOff }
        // One copy of the whole; every body is a slice of it.
        let bytes = Array(header.readableBytesView)
        guard Int(count) <= bytes.count / Self.perMessage else { throw Self.cutOff }
        self.init(queue: queue, messages: [], ordered: flags & Self.orderedFlag != 0, position: position)
        messages.reserveCapacity(Int(count))
        var reader = ByteReader(bytes)
        for _ in 0..<count { messages.append(try Self.message(from: &reader)) }
    }

    private static func position(from header: inout ByteBuffer) throws -> SendPosition {
        guard let session = header.readInteger(as: UInt128.self), let ordinal = header.readInteger(as: UInt64.self)
        else { throw cutOff }
        // So many that counting on from it cannot overflow.
        guard ordinal < 1 << 62 else { throw FrameError(description: "a send at an impossible position") }
        return SendPosition(session: session, ordinal: Int(ordinal))
    }

    private static func message(from reader: inout ByteReader) throws -> NewMessage {
        let body = Int(try reader.integer(UInt32.self))
        let group = try reader.integer(UInt16.self)
        let deduplicationID = try reader.integer(UInt16.self)
        let delay = try reader.integer(Int64.self)
        return NewMessage(
            body: [], group: group == absentLength ? nil : try reader.bytes(Int(group)).text,
            deduplicationID: deduplicationID == absentLength ? nil : try reader.bytes(Int(deduplicationID)).text,
            delay: delay == absentDelay ? nil : .milliseconds(delay)
        ).with(body: try reader.bytes(body))
    }

    fileprivate static let cutOff = FrameError(description: "a send that ends before its last message")
}

/// What became of the messages of one send, in order.
///
///     count: UInt32
///     each:  UInt8 0 stored, 1 duplicate: the id as two UInt64; 2 refused: UInt16 length, text
struct SendResultsPayload: Sendable, Equatable {
    var results: [SendResult]

    private static let longestReason = 4_096

    init(_ results: [SendResult]) { self.results = results }

    func encoded(allocator: ByteBufferAllocator) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 4 + 17 * results.count)
        buffer.writeInteger(UInt32(results.count))
        for result in results {
            switch result {
            case .stored(let id, _): Self.write(0, id, to: &buffer)
            case .duplicate(let id, _): Self.write(1, id, to: &buffer)
            case .refused(let reason):
                let text = reason.utf8.prefix(Self.longestReason)
                buffer.writeInteger(UInt8(2))
                buffer.writeInteger(UInt16(text.count))
                buffer.writeBytes(text)
            }
        }
        return buffer
    }

    private static func write(_ tag: UInt8, _ id: MessageID, to buffer: inout ByteBuffer) {
        buffer.writeInteger(tag)
        buffer.writeInteger(id.high)
        buffer.writeInteger(id.low)
    }

    init(decoding payload: ByteBuffer) throws {
        var reader = ByteReader(Array(payload.readableBytesView))
        let count = Int(try reader.integer(UInt32.self))
        guard count <= payload.readableBytes else { throw SendPayload.cutOff }
        results = []
        results.reserveCapacity(count)
        for _ in 0..<count {
            switch try reader.integer(UInt8.self) {
            case 0: results.append(.stored(try Self.id(from: &reader)))
            case 1: results.append(.duplicate(try Self.id(from: &reader)))
            case 2: results.append(.refused(try reader.bytes(Int(try reader.integer(UInt16.self))).text))
            case let tag: throw FrameError(description: "a send result of the unknown kind \(tag)")
            }
        }
    }

    private static func id(from reader: inout ByteReader) throws -> MessageID {
        let high = try reader.integer(UInt64.self)
        return MessageID(high: high, low: try reader.integer(UInt64.self))
    }
}

/// Reads big-endian integers and slices off an array, never beyond its end.
private struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func integer<Value: FixedWidthInteger>(_: Value.Type) throws -> Value {
        let size = MemoryLayout<Value>.size
        guard bytes.count - position >= size else { throw SendPayload.cutOff }
        let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Value.self) }
        position += size
        return Value(bigEndian: value)
    }

    mutating func bytes(_ count: Int) throws -> Bytes {
        guard bytes.count - position >= count else { throw SendPayload.cutOff }
        defer { position += count }
        return bytes[position..<position + count]
    }
}

extension NewMessage {
    fileprivate func with(body: Bytes) -> NewMessage {
        var copy = self
        copy.body = body
        return copy
    }
}
