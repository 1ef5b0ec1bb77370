import Sluice

/// One row of CSV, as it stands in a text: where its fields are.
struct CSVRow {
    struct Field {
        /// Between the quotes, where there are some.
        var range: Range<Int>
        /// It has quotes in it, each written twice.
        var hasDoubledQuotes = false
    }

    enum Outcome: Equatable {
        /// The row and the end of its last line are so many bytes.
        case complete(Int)
        /// The text goes on behind what there is.
        case unfinished
        /// The quote that opens a field, counted from 1, is never closed.
        case unclosed(field: Int)
        /// Something stands behind the quote that closes a field.
        case textBehindQuote(field: Int)
    }

    private(set) var fields: [Field] = []
    let delimiter: UInt8

    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    init(delimiter: UInt8) { self.delimiter = delimiter }

    /// Reads a row from the beginning of `text`.
    /// - Parameter isLast: nothing comes behind `text`.
    mutating func read(_ text: UnsafeBufferPointer<UInt8>, isLast: Bool) -> Outcome {
        fields.removeAll(keepingCapacity: true)
        var place = 0
        while true {
            let end: Int
            if place < text.count, text[place] == Self.quote {
                switch quoted(text, from: place + 1, isLast: isLast) {
                case .success(let behind): end = behind
                case .failure(let outcome): return outcome.outcome
                }
            } else {
                end = unquotedEnd(text, from: place)
                fields.append(Field(range: place..<end))
            }
            guard end < text.count else { return isLast ? .complete(end) : .unfinished }
            if text[end] == delimiter {
                place = end + 1
                continue
            }
            if text[end] == Self.lineFeed { return .complete(end + 1) }
            // A carriage return, with or without its line feed.
            guard end + 1 < text.count else { return isLast ? .complete(end + 1) : .unfinished }
            return .complete(text[end + 1] == Self.lineFeed ? end + 2 : end + 1)
        }
    }

    private struct Stop: Error { let outcome: Outcome }

    /// - Returns: the place behind the closing quote.
    private mutating func quoted(
        _ text: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool
    ) -> Result<Int, Stop> {
        var field = Field(range: start..<start)
        var place = start
        while true {
            guard let quote = text[place...].firstIndex(of: Self.quote) else {
                return .failure(Stop(outcome: isLast ? .unclosed(field: fields.count + 1) : .unfinished))
            }
            guard quote + 1 < text.count else {
                if !isLast { return .failure(Stop(outcome: .unfinished)) }
                field.range = start..<quote
                fields.append(field)
                return .success(quote + 1)
            }
            let next = text[quote + 1]
            if next == Self.quote {
                field.hasDoubledQuotes = true
                place = quote + 2
                continue
            }
            guard next == delimiter || next == Self.lineFeed || next == Self.carriageReturn else {
                return .failure(Stop(outcome: .textBehindQuote(field: fields.count + 1)))
            }
            field.range = start..<quote
            fields.append(field)
            return .success(quote + 1)
        }
    }

    private func unquotedEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var place = start
        while place < text.count {
            let byte = text[place]
            if byte == delimiter || byte == Self.lineFeed || byte == Self.carriageReturn { return place }
            place += 1
        }
        return place
    }

    /// The text of a field, quotes that were doubled once.
    func text(of field: Field, in text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        let raw = UnsafeBufferPointer(rebasing: text[field.range])
        guard field.hasDoubledQuotes else { return Array(raw) }
        var bytes: [UInt8] = []
        var skips = false
        for byte in raw {
            if byte == Self.quote, !skips {
                skips = true
                bytes.append(byte)
            } else if byte == Self.quote {
                skips = false
            } else {
                skips = false
                bytes.append(byte)
            }
        }
        return bytes
    }
}
