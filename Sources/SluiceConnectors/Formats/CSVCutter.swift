import Sluice

/// CSV as RFC 4180 has it: a row is an object of texts, under the names of its columns. Empty lines are no rows.
struct CSVCutter: RecordCutter {
    private let longest: Int
    private let null: [UInt8]?
    private let options: CSVOptions
    private var row: CSVRow
    /// `"name":` of each column; `nil` = the header is still to be read.
    private var names: [[UInt8]]?

    /// - Parameter columns: what the header has said, where the text does not begin with it.
    init(_ options: CSVOptions, columns: [String]? = nil, longest: Int) {
        self.options = options
        self.longest = longest
        null = options.null.map { Array($0.utf8) }
        row = CSVRow(delimiter: options.delimiter.asciiValue ?? UInt8(ascii: ","))
        names = (columns ?? (options.header ? nil : options.columns)).map(Self.keys)
    }

    private static func keys(_ columns: [String]) -> [[UInt8]] {
        columns.map { name in
            var key: [UInt8] = []
            key.appendJSON(name)
            key.append(UInt8(ascii: ":"))
            return key
        }
    }

    // MARK: The header

    /// Reads the line that names the columns; nothing where there is none.
    /// - Returns: the names, or what is wrong with them.
    mutating func readHeader(_ window: inout StreamWindow) throws -> Result<[String], CSVMistake> {
        while true {
            let outcome = try read(&window)
            switch outcome {
            case .complete(let length):
                defer { window.advance(length, lines: lineEnds(in: window, length)) }
                if length == 0 { return .success(options.columns ?? []) }
                if isEmptyLine(length, window) { continue }
                if let columns = options.columns { return .success(columns) }
                return names(in: window, length)
            case .unfinished, .unclosed, .textBehindQuote:
                return .failure(CSVMistake(description: "the header cannot be read: \(describe(outcome))"))
            }
        }
    }

    private func names(in window: StreamWindow, _ length: Int) -> Result<[String], CSVMistake> {
        let texts = window.slice(0..<length).withUnsafeBufferPointer { bytes in
            row.fields.map { String(validating: row.text(of: $0, in: bytes), as: UTF8.self) }
        }
        var names: [String] = []
        for (index, text) in texts.enumerated() {
            guard let text else {
                return .failure(
                    CSVMistake(description: "the header is no UTF-8 in column \(index + 1); name its encoding"))
            }
            guard !text.isEmpty else {
                return .failure(
                    CSVMistake(description: "column \(index + 1) has no name in the header; give `columns`"))
            }
            guard !names.contains(text) else {
                return .failure(CSVMistake(description: "the header names '\(text)' twice; give `columns`"))
            }
            names.append(text)
        }
        return .success(names)
    }

    // MARK: Rows

    mutating func next(_ window: inout StreamWindow) throws -> Cut? {
        if names == nil {
            let (offset, line) = (window.offset, window.line)
            switch try readHeader(&window) {
            case .success(let columns): names = Self.keys(columns)
            case .failure(let mistake):
                // Without names nothing of it is a record.
                let beginning = try window.passingOver { try $0.advanceToEnd() }
                return Cut(
                    offset: offset, line: line,
                    content: .broken(type: "csv", reason: mistake.description, bytes: beginning), isLast: true)
            }
        }
        while true {
            let (offset, line) = (window.offset, window.line)
            let outcome = try read(&window)
            guard case .complete(let length) = outcome else {
                return try passOver(outcome, &window)
            }
            if length == 0 { return nil }
            let isEmpty = isEmptyLine(length, window)
            let content = isEmpty ? nil : content(of: window, length)
            window.advance(length, lines: lineEnds(in: window, length))
            if let content { return Cut(offset: offset, line: line, content: content) }
        }
    }

    /// Reads the next row, however many blocks it stands in. `unfinished` = longer than a record may be.
    private mutating func read(_ window: inout StreamWindow) throws -> CSVRow.Outcome {
        // Quotes and escapes differ in JSON; what is too large as JSON shows later. The bound is one of the text, not of
        // what happens to be in the window: a second reading must cut at the same places.
        let most = 2 * longest
        var isLast = false
        while true {
            let outcome = window.withUnsafeBytes { bytes in
                row.read(UnsafeBufferPointer(rebasing: bytes.prefix(most)), isLast: isLast && bytes.count <= most)
            }
            guard outcome == .unfinished else { return outcome }
            if window.count > most { return .unfinished }
            isLast = try !window.more()
        }
    }

    /// Ends of lines in a row and behind it; a carriage return alone ends one only behind it.
    private func lineEnds(in window: StreamWindow, _ length: Int) -> Int {
        let hasReturn = length > 0 && window.byte(length - 1) == UInt8(ascii: "\r")
        return window.lineEnds(in: length) + (hasReturn ? 1 : 0)
    }

    private func isEmptyLine(_ length: Int, _ window: StreamWindow) -> Bool {
        row.fields.count == 1 && length <= 2 && row.fields[0].range.isEmpty && window.byte(0) != UInt8(ascii: "\"")
    }

    private func content(of window: StreamWindow, _ length: Int) -> Cut.Content {
        let names = names ?? []
        let raw = window.slice(0..<length)
        guard row.fields.count == names.count else {
            return .broken(
                type: "csv", reason: "it has \(row.fields.count) fields, and \(names.count) columns have a name",
                bytes: raw.prefix(BrokenRecord.longest))
        }
        var json: [UInt8] = []
        raw.withUnsafeBufferPointer { bytes in
            json.reserveCapacity(length + names.reduce(4) { $0 + $1.count + 3 })
            json.append(UInt8(ascii: "{"))
            for (index, field) in row.fields.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                json.append(contentsOf: names[index])
                append(field, of: bytes, to: &json)
            }
            json.append(UInt8(ascii: "}"))
        }
        if json.contains(where: { $0 >= 0x80 }), String(validating: json, as: UTF8.self) == nil {
            return .broken(
                type: "encoding", reason: "it is no UTF-8; name its encoding with `csv: {encoding: …}`",
                bytes: raw.prefix(BrokenRecord.longest))
        }
        guard json.count <= longest else {
            return .broken(
                type: "too-large", reason: "it has \(json.count) bytes, and \(longest) are allowed",
                bytes: raw.prefix(BrokenRecord.longest))
        }
        return .record(json[...])
    }

    private func append(_ field: CSVRow.Field, of bytes: UnsafeBufferPointer<UInt8>, to json: inout [UInt8]) {
        let raw = UnsafeBufferPointer(rebasing: bytes[field.range])
        if let null, raw.elementsEqual(null) {
            json.append(contentsOf: [UInt8(ascii: "n"), UInt8(ascii: "u"), UInt8(ascii: "l"), UInt8(ascii: "l")])
        } else if field.hasDoubledQuotes {
            json.appendJSON(utf8: row.text(of: field, in: bytes))
        } else {
            json.appendJSON(utf8: raw)
        }
    }

    // MARK: What is no row

    /// Passes over the first line of what is no row: what comes behind may be some again.
    private func passOver(_ outcome: CSVRow.Outcome, _ window: inout StreamWindow) throws -> Cut {
        let (offset, line) = (window.offset, window.line)
        let beginning = try window.passingOver { window in
            while true {
                let end = window.slice(0..<window.count).firstIndex(where: Self.endsLine)
                window.advance(end.map { $0 - window.start } ?? window.count)
                if try end != nil || !window.more() { return }
            }
        }
        try passLineEnd(&window)
        return Cut(
            offset: offset, line: line,
            content: .broken(
                type: outcome == .unfinished ? "too-large" : "csv",
                reason: outcome == .unfinished
                    ? "a row that begins here has more than \(longest) bytes" : describe(outcome),
                bytes: beginning))
    }

    private static func endsLine(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    /// LF, CRLF, or a carriage return alone, as rows end too.
    private func passLineEnd(_ window: inout StreamWindow) throws {
        guard window.count > 0 else { return }
        if window.byte(0) == UInt8(ascii: "\r"), try window.count > 1 || window.more(),
            window.byte(1) == UInt8(ascii: "\n")
        {
            return window.advance(2, lines: 1)
        }
        window.advance(1, lines: 1)
    }

    private func describe(_ outcome: CSVRow.Outcome) -> String {
        switch outcome {
        case .complete: "it is a row"
        case .unfinished: "it has more than \(longest) bytes"
        case .unclosed(let field): "the quote that opens field \(field) is never closed"
        case .textBehindQuote(let field): "something stands behind the quote that closes field \(field)"
        }
    }
}

/// Why a header names no columns.
struct CSVMistake: Error, Hashable, CustomStringConvertible {
    let description: String
}

extension StreamWindow {
    func withUnsafeBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        block.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[start...])) }
    }
}
