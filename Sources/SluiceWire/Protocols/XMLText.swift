extension [UInt8] {
    /// Appends a text as an element of XML has it. A carriage return is written by number, for a parser would make a
    /// line feed of it; what XML cannot carry has a replacement character in its place.
    package mutating func appendXML(_ text: String) {
        var text = text
        text.withUTF8 { appendXML($0) }
    }

    package mutating func appendXML(_ utf8: UnsafeBufferPointer<UInt8>) {
        guard XMLCharacters.allowed(utf8) else {
            return XMLCharacters.repaired(utf8).withUnsafeBufferPointer { appendAllowed($0) }
        }
        appendAllowed(utf8)
    }

    private mutating func appendAllowed(_ utf8: UnsafeBufferPointer<UInt8>) {
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "&"): append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "\""): append(contentsOf: "&quot;".utf8)
            case UInt8(ascii: "\r"): append(contentsOf: "&#xD;".utf8)
            default: append(byte)
            }
        }
    }
}

/// Which characters XML 1.0 can carry, and so a message of SQS may have.
package enum XMLCharacters {
    /// Whether all of it is text that XML can carry.
    package static func allowed(_ bytes: some Collection<UInt8>) -> Bool {
        let known = bytes.withContiguousStorageIfAvailable { allowed($0) }
        return known ?? Array(bytes).withUnsafeBufferPointer { allowed($0) }
    }

    package static func allowed(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        // ASCII mostly, which is quickly seen: eight bytes at a time, and again byte by byte behind a line's end.
        var rest = bytes.startIndex
        let raw = UnsafeRawBufferPointer(bytes)
        while rest < bytes.endIndex {
            while rest + 8 <= raw.count, arePlain(raw.loadUnaligned(fromByteOffset: rest, as: UInt64.self)) {
                rest += 8
            }
            guard rest < bytes.endIndex, isPlain(bytes[rest]) else { break }
            rest += 1
        }
        guard rest < bytes.endIndex else { return true }
        var decoder = UTF8()
        var iterator = bytes[rest...].makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: return true
            case .error: return false
            case .scalarValue(let scalar): if !allowed(scalar) { return false }
            }
        }
    }

    /// Whether eight bytes are ASCII from the space on: no high bit, and none that a subtraction of a space would borrow for.
    private static func arePlain(_ word: UInt64) -> Bool {
        (word | (word &- 0x2020_2020_2020_2020)) & 0x8080_8080_8080_8080 == 0
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (byte >= 0x20 && byte < 0x80) || byte == 0x9 || byte == 0xA || byte == 0xD
    }

    private static func allowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    /// The text with a replacement character in the place of what XML cannot carry, and of bytes that are no text.
    package static func repaired(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var scalars = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            scalars.append(allowed(scalar) ? scalar : "\u{FFFD}")
        }
        return Array(String(scalars).utf8)
    }
}
