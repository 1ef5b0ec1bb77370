/// The strings of JSON: passing over them, and the text they stand for.
extension JSONScanner {
    /// From one quote to behind the other.
    mutating func string() throws(JSONMistake) -> JSONSpan {
        let start = place.position
        place.position += 1
        var hasEscapes = false
        while true {
            skipPlainText()
            let byte = try peek()
            if byte == .quote {
                place.position += 1
                return JSONSpan(kind: .string, start: start, end: place.position, hasEscapes: hasEscapes)
            } else if byte == .backslash {
                hasEscapes = true
                try skipEscape()
            } else if byte >= 0x80 {
                try skipMultibyte(lead: byte)
            } else {
                throw mistake(.control(byte))
            }
        }
    }

    /// Up to the next quote, backslash, control character or byte that is not ASCII; eight bytes at a time.
    @inline(__always)
    private mutating func skipPlainText() {
        let raw = UnsafeRawBufferPointer(bytes)
        while place.position + 8 <= raw.count {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: place.position, as: UInt64.self))
            let special = Self.special(in: word)
            if special != 0 {
                place.position += special.trailingZeroBitCount / 8
                return
            }
            place.position += 8
        }
        while place.position < bytes.count {
            let byte = bytes[place.position]
            guard byte >= 0x20, byte < 0x80, byte != .quote, byte != .backslash else { return }
            place.position += 1
        }
    }

    /// Where the first byte is that JSON does not write as it is: a quote, a backslash, a control character.
    static func firstEscaped(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        let raw = UnsafeRawBufferPointer(bytes)
        var position = start
        while position + 8 <= raw.count {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let found = escaped(in: word)
            if found != 0 { return position + found.trailingZeroBitCount / 8 }
            position += 8
        }
        return bytes[position...].firstIndex { $0 < 0x20 || $0 == .quote || $0 == .backslash }
    }

    /// Non-zero if one of eight bytes ends plain text, as `escaped`.
    @inline(__always)
    private static func special(in word: UInt64) -> UInt64 { escaped(in: word) | word & 0x8080_8080_8080_8080 }

    /// Non-zero if one of eight bytes is written otherwise; the lowest bit that is set is in the first such byte. (Those
    /// above it may be wrong: a subtraction borrows from the next byte, but only where this one is a hit already.)
    @inline(__always)
    private static func escaped(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x8080_8080_8080_8080
        let quotes = word ^ (ones &* UInt64(UInt8.quote))
        let backslashes = word ^ (ones &* UInt64(UInt8.backslash))
        let control = (word &- ones &* 0x20) & ~word
        let quote = (quotes &- ones) & ~quotes
        let backslash = (backslashes &- ones) & ~backslashes
        return (control | quote | backslash) & high
    }

    /// One character of two to four bytes, as the Unicode standard's table 3-7 allows it.
    private mutating func skipMultibyte(lead: UInt8) throws(JSONMistake) {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: throw mistake(.invalidUTF8)
        }
        guard place.position + length <= bytes.count, second.contains(bytes[place.position + 1]) else {
            throw mistake(.invalidUTF8)
        }
        for offset in 2..<max(length, 2) where bytes[place.position + offset] & 0xC0 != 0x80 {
            throw mistake(.invalidUTF8)
        }
        place.position += length
    }

    private mutating func skipEscape() throws(JSONMistake) {
        guard place.position + 1 < bytes.count else {
            place.position += 1
            throw mistake(.unexpectedEnd)
        }
        switch bytes[place.position + 1] {
        case .quote, .backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            place.position += 2
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(at: place.position) else { throw mistake(.escape) }
            if unit & 0xF800 == 0xD800 {
                guard unit < 0xDC00, let low = codeUnit(at: place.position + 6), low & 0xFC00 == 0xDC00 else {
                    throw mistake(.surrogate)
                }
                place.position += 6
            }
            place.position += 6
        default: throw mistake(.escape)
        }
    }

    /// The UTF-16 code unit that a `\uXXXX` at `start` stands for; `nil` if there is none.
    private func codeUnit(at start: Int) -> UInt16? {
        guard start + 6 <= bytes.count, bytes[start] == .backslash, bytes[start + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var unit: UInt16 = 0
        for index in (start + 2)..<(start + 6) {
            guard let digit = bytes[index].hexDigit else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}

// MARK: Text

extension JSONScanner {
    /// The text of a string that this scanner has passed over, escapes decoded.
    package func text(of span: JSONSpan) -> String {
        guard span.hasEscapes else { return String(decoding: rawText(of: span), as: UTF8.self) }
        var decoded: [UInt8] = []
        decode(span, into: &decoded)
        return String(decoding: decoded, as: UTF8.self)
    }

    /// The bytes between the quotes: the text itself unless the string has escapes.
    package func rawText(of span: JSONSpan) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[(span.start + 1)..<(span.end - 1)])
    }

    /// The bytes of a value as they are written.
    package func raw(_ span: JSONSpan) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[span.start..<span.end])
    }

    /// Whether a string stands for these bytes of UTF-8.
    package func isText(of span: JSONSpan, _ other: [UInt8]) -> Bool {
        guard span.hasEscapes else {
            return span.count - 2 == other.count && rawText(of: span).elementsEqual(other)
        }
        var decoded: [UInt8] = []
        decode(span, into: &decoded)
        return decoded == other
    }

    /// Appends a string's text, escapes decoded, as UTF-8.
    package func decode(_ span: JSONSpan, into target: inout [UInt8]) {
        let end = span.end - 1
        var index = span.start + 1
        target.reserveCapacity(target.count + end - index)
        while index < end {
            let byte = bytes[index]
            guard byte == .backslash else {
                target.append(byte)
                index += 1
                continue
            }
            if bytes[index + 1] == UInt8(ascii: "u") {
                index += appendCharacter(escapedAt: index, to: &target)
            } else {
                target.append(Self.meaning(ofEscape: bytes[index + 1]))
                index += 2
            }
        }
    }

    /// - Returns: how many bytes the escape, or the pair of them, is long.
    private func appendCharacter(escapedAt start: Int, to target: inout [UInt8]) -> Int {
        let unit = UInt32(codeUnit(at: start) ?? 0xFFFD)
        guard unit & 0xF800 == 0xD800 else {
            target.append(contentsOf: (UnicodeScalar(unit) ?? "\u{FFFD}").utf8)
            return 6
        }
        let low = UInt32(codeUnit(at: start + 6) ?? 0xDC00)
        let scalar = 0x10000 + ((unit & 0x3FF) << 10 | low & 0x3FF)
        target.append(contentsOf: (UnicodeScalar(scalar) ?? "\u{FFFD}").utf8)
        return 12
    }

    private static func meaning(ofEscape byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: byte
        }
    }
}

extension UInt8 {
    /// The value of an ASCII hexadecimal digit; `nil` for any other byte.
    var hexDigit: UInt8? {
        switch self {
        case .zero ... .nine: self - .zero
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
