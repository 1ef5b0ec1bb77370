/// Reads the text of a `RecordPath`: the singular queries of RFC 9535, section 2.3.5.1.
struct RecordPathParser {
    private let scalars: [UnicodeScalar]
    private var position = 0

    /// The integers that RFC 9535 allows as an index: those that a double holds exactly.
    private static let largestIndex = 9_007_199_254_740_991

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func selectors() throws(RecordPath.Mistake) -> [RecordPath.Selector] {
        guard peek == "$" else {
            let text = String(String.UnicodeScalarView(scalars))
            let example = text.isEmpty || text.hasPrefix(".") ? "$.customer_id" : "$.\(text)"
            throw mistake("a path starts with '$', as in '\(example)'")
        }
        position += 1
        var selectors: [RecordPath.Selector] = []
        while position < scalars.count {
            let before = position
            skipSpace()
            switch peek {
            case ".": selectors.append(try shorthand())
            case "[": selectors.append(try bracketed())
            case nil:
                position = before
                throw mistake("space at the end of the path")
            default: throw mistake("expected '.' or '[' here, as in '$.a.b' or '$[\"a b\"][0]'")
            }
        }
        return selectors
    }

    // MARK: `.name`

    private mutating func shorthand() throws(RecordPath.Mistake) -> RecordPath.Selector {
        position += 1
        if peek == "." { throw mistake("'..' finds many values; a path here names one, as in '$.a.b'") }
        if peek == "*" { throw mistake("'*' finds many values; a path here names one, as in '$.a.b'") }
        let start = position
        while let scalar = peek, Self.isNameCharacter(scalar, first: position == start) { position += 1 }
        guard position > start else {
            throw mistake("expected a name after '.'; a name that does not start with a letter is written ['…']")
        }
        if let scalar = peek, !". \t\n\r[".unicodeScalars.contains(scalar) {
            throw mistake("'\(scalar)' cannot stand in a name after '.'; write the name as ['…']")
        }
        return .name(text(from: start))
    }

    private static func isDigit(_ scalar: UnicodeScalar) -> Bool { scalar >= "0" && scalar <= "9" }

    private static func isNameCharacter(_ scalar: UnicodeScalar, first: Bool) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "_": true
        case "0"..."9": !first
        default: scalar.value >= 0x80
        }
    }

    // MARK: `[…]`

    private mutating func bracketed() throws(RecordPath.Mistake) -> RecordPath.Selector {
        position += 1
        skipSpace()
        let selector: RecordPath.Selector
        switch peek {
        case "'", "\"": selector = .name(try quotedName())
        case let scalar? where scalar == "-" || Self.isDigit(scalar): selector = .index(try index())
        case "*", "?", ":": throw mistake("'\(text(at: position))' finds many values; a path here names one")
        case nil: throw mistake("the path ends inside '['; expected a name in quotes or an index")
        default: throw mistake("expected a name in quotes or an index after '[', as in ['a b'] or [0]")
        }
        skipSpace()
        switch peek {
        case "]": position += 1
        case ",": throw mistake("',' finds many values; a path here names one")
        case ":": throw mistake("':' (a slice) finds many values; a path here names one")
        default: throw mistake("expected ']'")
        }
        return selector
    }

    private mutating func index() throws(RecordPath.Mistake) -> Int {
        let start = position
        if peek == "-" { position += 1 }
        while let scalar = peek, Self.isDigit(scalar) { position += 1 }
        let digits = text(from: start)
        guard let index = Int(digits), index.magnitude <= Self.largestIndex.magnitude, String(index) == digits else {
            position = start
            throw mistake("'\(digits)' is not an index; expected 0, 1, …, or -1 for the last")
        }
        return index
    }

    private mutating func quotedName() throws(RecordPath.Mistake) -> String {
        let quote = peek
        position += 1
        var name = String.UnicodeScalarView()
        while let scalar = peek {
            if scalar == quote {
                position += 1
                return String(name)
            }
            if scalar == "\\" {
                name.append(try escape(in: quote))
                continue
            }
            guard scalar.value >= 0x20 else { throw mistake("a control character in a name; write it as an escape") }
            name.append(scalar)
            position += 1
        }
        throw mistake("the name has no closing quote")
    }

    private mutating func escape(in quote: UnicodeScalar?) throws(RecordPath.Mistake) -> UnicodeScalar {
        let start = position
        position += 1
        guard let scalar = peek else { throw mistake("the path ends inside an escape") }
        position += 1
        switch scalar {
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "/", "\\": return scalar
        case "u": return try unicodeEscape(from: start)
        default:
            if scalar == quote { return scalar }
            position = start
            throw mistake("'\\\(scalar)' is not an escape; expected one of \\b \\f \\n \\r \\t \\/ \\\\ \\uXXXX")
        }
    }

    /// Behind `\u`: four digits, or a pair of them for what lies beyond U+FFFF.
    private mutating func unicodeEscape(from start: Int) throws(RecordPath.Mistake) -> UnicodeScalar {
        if let unit = codeUnit() {
            if let scalar = UnicodeScalar(unit) { return scalar }
            if unit < 0xDC00, peek == "\\" {
                position += 1
                if peek == "u" {
                    position += 1
                    if let low = codeUnit(), low & 0xFC00 == 0xDC00,
                        let scalar = UnicodeScalar(0x10000 + ((unit & 0x3FF) << 10 | low & 0x3FF))
                    {
                        return scalar
                    }
                }
            }
        }
        position = start
        throw mistake("'\\u' needs four hexadecimal digits of a character, or a surrogate pair of them")
    }

    private mutating func codeUnit() -> UInt32? {
        guard position + 4 <= scalars.count else { return nil }
        var unit: UInt32 = 0
        for scalar in scalars[position..<(position + 4)] {
            guard scalar.isASCII, let digit = UInt8(ascii: scalar).hexDigit else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        position += 4
        return unit
    }

    // MARK: Text

    private var peek: UnicodeScalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func skipSpace() {
        while let scalar = peek, " \t\n\r".unicodeScalars.contains(scalar) { position += 1 }
    }

    private func text(from start: Int) -> String { String(String.UnicodeScalarView(scalars[start..<position])) }
    private func text(at index: Int) -> String { String(Character(scalars[index])) }

    private func mistake(_ message: String) -> RecordPath.Mistake {
        RecordPath.Mistake(offset: position, message: message)
    }
}
