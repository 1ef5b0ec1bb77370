import Sluice

/// Writes the store's binary formats: little-endian words, LEB128 numbers, strings with their length.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    var count: Int { bytes.count }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func number(_ value: Int) {
        var rest = UInt64(bitPattern: Int64(value))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func word(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func id(_ id: MessageID) {
        word(id.high)
        word(id.low)
    }

    mutating func moment(_ moment: Timestamp) { word(UInt64(bitPattern: moment.milliseconds)) }

    mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            number(utf8.count)
            bytes.append(contentsOf: utf8)
        }
    }

    mutating func blob(_ blob: some Collection<UInt8>) {
        number(blob.count)
        bytes.append(contentsOf: blob)
    }

    mutating func raw(_ slice: Bytes) { bytes.append(contentsOf: slice) }
}

/// Reads what `ByteWriter` wrote. Bytes that do not fit the format are `StoreDamage`, never a trap.
struct ByteReader {
    private let bytes: [UInt8]
    private(set) var position: Int

    init(_ bytes: [UInt8], at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    var isAtEnd: Bool { position >= bytes.count }

    mutating func byte() throws(StoreDamage) -> UInt8 {
        guard position < bytes.count else { throw StoreDamage("a record ends early, at byte \(position)") }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func number() throws(StoreDamage) -> Int {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 64 else { throw StoreDamage("a number of more than 64 bits at byte \(position)") }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return Int(Int64(bitPattern: value)) }
            shift += 7
        }
    }

    /// A number that counts things, so that it can be neither negative nor more than the bytes there are.
    mutating func length() throws(StoreDamage) -> Int {
        let length = try number()
        guard length >= 0, length <= bytes.count - position else {
            throw StoreDamage("a length of \(length) at byte \(position) of \(bytes.count)")
        }
        return length
    }

    mutating func word() throws(StoreDamage) -> UInt64 {
        guard bytes.count - position >= 8 else { throw StoreDamage("a record ends early, at byte \(position)") }
        var value: UInt64 = 0
        for offset in 0..<8 { value |= UInt64(bytes[position + offset]) << UInt64(8 * offset) }
        position += 8
        return value
    }

    mutating func id() throws(StoreDamage) -> MessageID { MessageID(high: try word(), low: try word()) }

    mutating func moment() throws(StoreDamage) -> Timestamp {
        let milliseconds = Int64(bitPattern: try word())
        guard Timestamp.plausible.contains(milliseconds) else { throw StoreDamage("a moment of \(milliseconds) ms") }
        return Timestamp(milliseconds: milliseconds)
    }

    /// A number that counts receives.
    mutating func receives() throws(StoreDamage) -> UInt32 {
        let number = try number()
        guard number >= 0, number <= Int32.max else { throw StoreDamage("\(number) receives") }
        return UInt32(number)
    }

    mutating func string() throws(StoreDamage) -> String {
        let length = try length()
        defer { position += length }
        return String(decoding: bytes[position..<position + length], as: UTF8.self)
    }

    mutating func blob() throws(StoreDamage) -> [UInt8] {
        let length = try length()
        defer { position += length }
        return Array(bytes[position..<position + length])
    }
}

extension Timestamp {
    /// Milliseconds between which calculating never overflows: some 285,000 years. What is beyond is damage.
    static let plausible: ClosedRange<Int64> = -(1 << 53)...(1 << 53)
}

/// Bytes of the data folder are not what this program, or any version of it, has written.
struct StoreDamage: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
