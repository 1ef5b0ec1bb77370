import Sluice

/// A record a line, with LF or CRLF; empty lines are none.
struct LineCutter: RecordCutter {
    /// Whether a line has to be a JSON value.
    let isJSON: Bool
    let longest: Int

    mutating func next(_ window: inout StreamWindow) throws -> Cut? {
        while true {
            guard let length = try lengthOfLine(&window) else { return try tooLarge(&window) }
            let hasEnd = length < window.count
            if length == 0, !hasEnd { return nil }
            let (offset, line) = (window.offset, window.line)
            var body = window.slice(0..<length)
            if body.last == UInt8(ascii: "\r") { body = body.dropLast() }
            window.advance(length + (hasEnd ? 1 : 0), lines: hasEnd ? 1 : 0)
            if body.isEmpty || (isJSON && body.allSatisfy(Self.isSpace)) { continue }
            return Cut(offset: offset, line: line, content: content(body))
        }
    }

    /// Nearly every line is whole in the window, short enough and right: it is made a record here without a look at what
    /// else it could be, which `next` knows.
    mutating func cut(
        _ window: inout StreamWindow, into batch: inout SplitBatch, number: inout Int64, records: Int, bytes: Int
    ) throws -> Bool {
        batch.records.reserveCapacity(min(records, 2_000))
        var bytesLeft = bytes
        while batch.records.count + batch.broken.count < records, bytesLeft > 0 {
            if let length = plainLine(window) {
                batch.records.append(
                    SplitRecord(
                        body: window.slice(0..<length), number: number, offset: window.offset, line: window.line))
                window.advance(length + 1, lines: 1)
                bytesLeft -= length
            } else {
                guard let cut = try next(&window) else { return true }
                bytesLeft -= batch.append(cut, number: number)
                if cut.isLast { return true }
            }
            number += 1
        }
        return false
    }

    /// The length of a line that is a record as it stands.
    private func plainLine(_ window: StreamWindow) -> Int? {
        guard let length = window.firstIndex(of: UInt8(ascii: "\n")), length > 0, length <= longest,
            window.byte(length - 1) != UInt8(ascii: "\r")
        else { return nil }
        guard isJSON else { return length }
        return window.withUnsafeBytes { UnsafeBufferPointer(rebasing: $0[..<length]).isJSON } ? length : nil
    }

    /// Up to the end of the line, which is in the window then, or the end of the text; `nil` = too long for a record.
    private func lengthOfLine(_ window: inout StreamWindow) throws -> Int? {
        var searched = 0
        while true {
            if let end = window.firstIndex(of: UInt8(ascii: "\n"), from: searched) {
                return end <= longest + 1 ? end : nil
            }
            searched = window.count
            // One more than allowed, for the CR.
            if searched > longest + 1 { return nil }
            if try !window.more() { return searched }
        }
    }

    /// Passes over the line without keeping it.
    private func tooLarge(_ window: inout StreamWindow) throws -> Cut {
        let (offset, line) = (window.offset, window.line)
        let beginning = try window.passingOver { window in
            while true {
                if let end = window.firstIndex(of: UInt8(ascii: "\n")) { return window.advance(end) }
                window.advance(window.count)
                if try !window.more() { return }
            }
        }
        let length = window.offset - offset
        if window.count > 0 { window.advance(1, lines: 1) }
        return .tooLarge(offset: offset, line: line, length: length, longest: longest, beginning: beginning)
    }

    private func content(_ body: Bytes) -> Cut.Content {
        if body.count > longest {
            return .broken(
                type: "too-large", reason: "it has \(body.count) bytes, and \(longest) are allowed",
                bytes: body.prefix(BrokenRecord.longest))
        }
        guard isJSON, let mistake = body.jsonMistake else { return .record(body) }
        return .broken(type: "not-json", reason: "it is \(mistake)", bytes: body.prefix(BrokenRecord.longest))
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether they are one JSON value, perhaps with space around it.
    fileprivate var isJSON: Bool {
        var scanner = JSONScanner(self)
        do throws(JSONMistake) {
            _ = try scanner.value()
            try scanner.finish()
            return true
        } catch {
            return false
        }
    }
}

extension Bytes {
    /// Why they are no JSON value; `nil` = they are one.
    var jsonMistake: String? {
        do {
            try withScanner { (scanner) throws(JSONMistake) in
                _ = try scanner.value()
                try scanner.finish()
            }
            return nil
        } catch {
            return "\(error)"
        }
    }
}
