/// Where a value stands in a buffer, and what the scan that found it learned by the way.
package struct JSONSpan: Sendable {
    package let kind: JSONValue.Kind
    /// The first byte of the value, a string's quote included.
    package let start: Int
    /// Behind the last byte.
    package let end: Int
    /// A string with a backslash in it. Without one, the bytes between the quotes are the text.
    package var hasEscapes = false
    /// A number without fraction and exponent.
    package var isInteger = false

    package var count: Int { end - start }
}

/// Reads JSON from a buffer and validates what it passes over, in one pass, without recursion.
///
/// For the hot path: the sink and the intake read a record with it and make no `JSONValue`. It holds a pointer, so
/// it must not outlive the closure of `Bytes.withScanner`. A scanner that has thrown is of no further use.
package struct JSONScanner {
    /// How many objects and arrays may stand inside one another.
    package static let deepest = 1_000

    /// Where a scanner stands, apart from its pointer.
    struct Place: Sendable {
        var position: Int
        var depth: Int
        var isFirst: Bool

        /// Behind the opening bracket of a container that starts the buffer.
        static let inside = Place(position: 1, depth: 1, isFirst: true)
    }

    let bytes: UnsafeBufferPointer<UInt8>
    var place = Place(position: 0, depth: 0, isFirst: false)

    package init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    package var position: Int { place.position }

    /// Passes over the next value, whatever is in it.
    package mutating func value() throws(JSONMistake) -> JSONSpan {
        skipSpace()
        let start = place.position
        let byte = try peek()
        guard byte == .openBrace || byte == .openBracket else { return try scalar(byte) }
        try skipContainer()
        return JSONSpan(kind: byte == .openBrace ? .object : .array, start: start, end: place.position)
    }

    /// Steps into the object that comes next; `nextMember` then reads its members.
    package mutating func enterObject() throws(JSONMistake) {
        skipSpace()
        guard try peek() == .openBrace else { throw unexpected(.object) }
        place = Place(position: place.position + 1, depth: place.depth + 1, isFirst: true)
    }

    /// The next member of the object that was entered; `nil` behind its last one, and the object is left.
    package mutating func nextMember() throws(JSONMistake) -> (name: JSONSpan, value: JSONSpan)? {
        skipSpace()
        let byte = try peek()
        let wasFirst = place.isFirst
        place.isFirst = false
        if byte == .closeBrace {
            leave()
            return nil
        }
        if wasFirst {
            guard byte == .quote else { throw unexpected(.nameOrEnd) }
        } else {
            guard byte == .comma else { throw unexpected(.commaOrBrace) }
            place.position += 1
        }
        let name = try memberName()
        return (name, try value())
    }

    /// The next element of the array that was entered; `nil` behind its last one, and the array is left.
    mutating func nextElement() throws(JSONMistake) -> JSONSpan? { try advanceToElement() ? value() : nil }

    /// Stands before the next element of the array that was entered; `false` behind its last one, and the array is left.
    mutating func advanceToElement() throws(JSONMistake) -> Bool {
        skipSpace()
        let byte = try peek()
        let wasFirst = place.isFirst
        place.isFirst = false
        if byte == .closeBracket {
            leave()
            return false
        }
        if !wasFirst {
            guard byte == .comma else { throw unexpected(.commaOrBracket) }
            place.position += 1
        }
        skipSpace()
        return true
    }

    /// A scanner inside an object or a list that this one has passed over: `nextMember`, or `nextElement`, reads it. Spans
    /// that it finds are its own.
    func inside(_ container: JSONSpan) -> JSONScanner {
        var inner = JSONScanner(raw(container))
        inner.place = .inside
        return inner
    }

    /// The end of the document: nothing but space may follow.
    package mutating func finish() throws(JSONMistake) {
        skipSpace()
        guard place.position == bytes.count else { throw mistake(.trailing) }
    }

    private mutating func leave() {
        place.position += 1
        place.depth -= 1
    }
}

// MARK: Containers

extension JSONScanner {
    /// From an opening bracket to behind the one that closes it.
    private mutating func skipContainer() throws(JSONMistake) {
        var nesting = Nesting()
        repeat {
            skipSpace()
            let byte = try peek()
            if byte == .openBrace || byte == .openBracket {
                guard place.depth + nesting.depth < Self.deepest else { throw mistake(.tooDeep) }
                let isObject = byte == .openBrace
                nesting.push(isObject: isObject)
                place.position += 1
                skipSpace()
                if try peek() == (isObject ? .closeBrace : .closeBracket) {
                    place.position += 1
                    nesting.pop()
                } else {
                    if isObject {
                        guard try peek() == .quote else { throw unexpected(.nameOrEnd) }
                        _ = try memberName()
                    }
                    continue
                }
            } else {
                _ = try scalar(byte)
            }
            try skipBehindValue(&nesting)
        } while nesting.depth > 0
    }

    /// Closes what ends behind a value, then stands before the next value, if there is one.
    private mutating func skipBehindValue(_ nesting: inout Nesting) throws(JSONMistake) {
        while nesting.depth > 0 {
            skipSpace()
            let byte = try peek()
            let isObject = nesting.isObject
            if byte == .comma {
                place.position += 1
                if isObject { _ = try memberName() }
                return
            }
            guard byte == (isObject ? .closeBrace : .closeBracket) else {
                throw unexpected(isObject ? .commaOrBrace : .commaOrBracket)
            }
            place.position += 1
            nesting.pop()
        }
    }

    /// A member's name and the colon behind it.
    private mutating func memberName() throws(JSONMistake) -> JSONSpan {
        skipSpace()
        guard try peek() == .quote else { throw unexpected(.name) }
        let name = try string()
        skipSpace()
        guard try peek() == .colon else { throw unexpected(.colon) }
        place.position += 1
        return name
    }

    /// Which of the open containers are objects: one bit a level, the first 64 without an allocation.
    private struct Nesting {
        private(set) var depth = 0
        private var low: UInt64 = 0
        private var high: [UInt64] = []

        var isObject: Bool {
            let level = depth - 1
            let word = level < 64 ? low : high[level / 64 - 1]
            return word & (1 << UInt64(level % 64)) != 0
        }

        mutating func push(isObject: Bool) {
            let bit: UInt64 = 1 << UInt64(depth % 64)
            if depth < 64 {
                low = isObject ? low | bit : low & ~bit
            } else {
                if high.count < depth / 64 { high.append(0) }
                let word = high[depth / 64 - 1]
                high[depth / 64 - 1] = isObject ? word | bit : word & ~bit
            }
            depth += 1
        }

        mutating func pop() { depth -= 1 }
    }
}

// MARK: Scalars

extension JSONScanner {
    @inline(__always)
    private mutating func scalar(_ byte: UInt8) throws(JSONMistake) -> JSONSpan {
        switch byte {
        case .quote: try string()
        case .minus, .zero ... .nine: try number(byte)
        case UInt8(ascii: "t"): try literal("true", .true)
        case UInt8(ascii: "f"): try literal("false", .false)
        case UInt8(ascii: "n"): try literal("null", .null)
        case 0xEF where place.position == 0 && bytes.starts(with: [0xEF, 0xBB, 0xBF]): throw mistake(.byteOrderMark)
        default: throw unexpected(.value)
        }
    }

    private mutating func literal(_ text: StaticString, _ kind: JSONValue.Kind) throws(JSONMistake) -> JSONSpan {
        let start = place.position
        for offset in 0..<text.utf8CodeUnitCount {
            guard try peek() == text.utf8Start[offset] else { throw unexpected(.value) }
            place.position += 1
        }
        return JSONSpan(kind: kind, start: start, end: place.position)
    }

    private mutating func number(_ first: UInt8) throws(JSONMistake) -> JSONSpan {
        let start = place.position
        var isInteger = true
        if first == .minus { place.position += 1 }
        if try peek() == .zero {
            place.position += 1
            if isDigit { throw unexpected(.noLeadingZero) }
        } else {
            try skipDigits()
        }
        if place.position < bytes.count, bytes[place.position] == .point {
            isInteger = false
            place.position += 1
            try skipDigits()
        }
        if place.position < bytes.count, bytes[place.position] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            place.position += 1
            let sign = try peek()
            if sign == .minus || sign == UInt8(ascii: "+") { place.position += 1 }
            try skipDigits()
        }
        return JSONSpan(kind: .number, start: start, end: place.position, isInteger: isInteger)
    }

    /// At least one digit.
    private mutating func skipDigits() throws(JSONMistake) {
        let byte = try peek()
        guard byte >= .zero, byte <= .nine else { throw unexpected(.digit) }
        repeat { place.position += 1 } while isDigit
    }

    private var isDigit: Bool {
        guard place.position < bytes.count else { return false }
        return bytes[place.position] >= .zero && bytes[place.position] <= .nine
    }
}

// MARK: Bytes

extension JSONScanner {
    @inline(__always)
    mutating func skipSpace() {
        while place.position < bytes.count {
            let byte = bytes[place.position]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            place.position += 1
        }
    }

    /// The byte at the position, which stays where it is.
    @inline(__always)
    func peek() throws(JSONMistake) -> UInt8 {
        guard place.position < bytes.count else { throw mistake(.unexpectedEnd) }
        return bytes[place.position]
    }

    func mistake(_ reason: JSONMistake.Reason) -> JSONMistake { JSONMistake(offset: place.position, reason: reason) }

    private func unexpected(_ wanted: JSONMistake.Wanted) -> JSONMistake {
        mistake(.unexpected(bytes[place.position], wanted: wanted))
    }
}

extension Bytes {
    /// Runs `body` with a scanner at the first byte; its positions count from there.
    package func withScanner<Result, Failure: Error>(
        _ body: (inout JSONScanner) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
            var scanner = JSONScanner(buffer)
            return try body(&scanner)
        }
    }
}

extension UInt8 {
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
    static let comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":")
    static let point = UInt8(ascii: ".")
    static let minus = UInt8(ascii: "-")
    static let zero = UInt8(ascii: "0")
    static let nine = UInt8(ascii: "9")
}
