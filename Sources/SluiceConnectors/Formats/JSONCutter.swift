import Sluice

/// A JSON document: the elements of an array are the records, or the document itself is one. Documents that stand one
/// behind the other are a record each.
struct JSONCutter: RecordCutter {
    private let longest: Int
    /// `nil` = not known yet.
    private var isArray: Bool?
    /// Of an array: an element was read, so that a comma comes next, or the end.
    private var isBehindElement: Bool

    /// - Parameter isArray: what the document is, where the text does not begin with it.
    init(isArray: Bool? = nil, longest: Int) {
        self.isArray = isArray
        self.longest = longest
        isBehindElement = isArray == true
    }

    mutating func next(_ window: inout StreamWindow) throws -> Cut? {
        guard let first = try skipSpace(&window) else { return endOfText(window) }
        if isArray == nil {
            isArray = first == UInt8(ascii: "[")
            if isArray == true { window.advance(1) }
        }
        return isArray == true ? try nextElement(&window) : try value(&window)
    }

    /// Whether a text is an array.
    static func isArray(_ window: inout StreamWindow) throws -> Bool {
        let cutter = JSONCutter(longest: 0)
        return try cutter.skipSpace(&window) == UInt8(ascii: "[")
    }

    private func endOfText(_ window: StreamWindow) -> Cut? {
        guard isArray == true else { return nil }
        return Cut(
            offset: window.offset, line: window.line,
            content: .broken(type: "truncated", reason: "the array is not closed: a part of it is missing", bytes: []),
            isLast: true)
    }

    private mutating func nextElement(_ window: inout StreamWindow) throws -> Cut? {
        guard let byte = try skipSpace(&window) else { return endOfText(window) }
        if byte == UInt8(ascii: "]") {
            window.advance(1)
            return try endOfArray(&window)
        }
        if isBehindElement {
            guard byte == UInt8(ascii: ",") else {
                return try giveUp("a comma or the end of the array should stand here", &window)
            }
            window.advance(1)
            guard try skipSpace(&window) != nil else { return endOfText(window) }
        }
        isBehindElement = true
        return try value(&window)
    }

    private func endOfArray(_ window: inout StreamWindow) throws -> Cut? {
        guard try skipSpace(&window) != nil else { return nil }
        return try giveUp("something stands behind the end of the array", &window)
    }

    // MARK: Values

    /// The value that begins here. Where it ends is found by its brackets and quotes alone; whether it is JSON, then.
    private func value(_ window: inout StreamWindow) throws -> Cut? {
        let (offset, line) = (window.offset, window.line)
        var end = JSONEnd()
        var scanned = 0
        while true {
            if let length = window.withUnsafeBytes({ end.find(in: $0, from: scanned) }) {
                return cut(length, offset, line, &window)
            }
            scanned = window.count
            if scanned > longest { return try tooLarge(&end, &window) }
            if try !window.more() {
                var last = cut(scanned, offset, line, &window)
                // Said once: the value that is cut off stands for the array that is.
                if case .broken = last.content { last.isLast = true }
                return last
            }
        }
    }

    private func cut(_ length: Int, _ offset: Int64, _ line: Int64, _ window: inout StreamWindow) -> Cut {
        let body = window.slice(0..<length)
        // Outside of an array, what no value begins with is passed over, so that this ends.
        let passed = isArray == true ? length : min(max(1, length), window.count)
        window.advance(passed, lines: window.lineEnds(in: passed))
        if length > longest {
            return .tooLarge(
                offset: offset, line: line, length: Int64(length), longest: longest,
                beginning: body.prefix(BrokenRecord.longest))
        }
        guard let mistake = body.jsonMistake else { return Cut(offset: offset, line: line, content: .record(body)) }
        return Cut(
            offset: offset, line: line,
            content: .broken(
                type: "not-json", reason: "it is \(mistake)", bytes: body.prefix(BrokenRecord.longest)))
    }

    /// Passes over the value without keeping it.
    private func tooLarge(_ end: inout JSONEnd, _ window: inout StreamWindow) throws -> Cut {
        let (offset, line) = (window.offset, window.line)
        let beginning = try window.passingOver { window in
            window.advance(window.count, lines: window.lineEnds(in: window.count))
            while try window.more() {
                let length = window.withUnsafeBytes { end.find(in: $0, from: 0) }
                let passed = length ?? window.count
                window.advance(passed, lines: window.lineEnds(in: passed))
                if length != nil { return }
            }
        }
        return .tooLarge(
            offset: offset, line: line, length: window.offset - offset, longest: longest, beginning: beginning)
    }

    /// Nothing behind this place can be told apart.
    private func giveUp(_ reason: String, _ window: inout StreamWindow) throws -> Cut {
        let (offset, line) = (window.offset, window.line)
        let beginning = try window.passingOver { try $0.advanceToEnd() }
        return Cut(
            offset: offset, line: line,
            content: .broken(
                type: "not-json",
                reason: "\(reason); the rest of the object (\(window.offset - offset) bytes) is given up",
                bytes: beginning), isLast: true)
    }

    /// - Returns: the byte behind the space; `nil` = the text is at its end.
    private func skipSpace(_ window: inout StreamWindow) throws -> UInt8? {
        while true {
            var (passed, lines) = (0, 0)
            while passed < window.count {
                switch window.byte(passed) {
                case UInt8(ascii: "\n"): lines += 1
                case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
                default:
                    window.advance(passed, lines: lines)
                    return window.byte(0)
                }
                passed += 1
            }
            window.advance(passed, lines: lines)
            if try !window.more() { return nil }
        }
    }
}

/// Finds where a JSON value ends, by its brackets and quotes, in as many pieces as it comes in.
struct JSONEnd {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var hasBegun = false

    /// - Returns: the place behind the value's last byte; `nil` = it goes on.
    mutating func find(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var place = start
        while place < bytes.count {
            let byte = bytes[place]
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                    if depth == 0 { return place + 1 }
                }
            } else {
                switch byte {
                case UInt8(ascii: "\""):
                    // A number or a word ends where something else begins.
                    if depth == 0, hasBegun { return place }
                    isInString = true
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    if depth == 0, hasBegun { return place }
                    depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { return place }
                    depth -= 1
                    if depth == 0 { return place + 1 }
                case UInt8(ascii: ","), UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                    if depth == 0 { return place }
                default: break
                }
            }
            hasBegun = true
            place += 1
        }
        return nil
    }
}
