import Sluice

/// A number of a record that jq, which has doubles, would not give back as it is written.
struct AwkwardNumber {
    /// Where in the record it stands; `nil` = the program makes it of a text.
    private(set) var range: Range<Int>?
    let spelling: [UInt8]
    let decimal: DecimalNumber
    let double: Double
    /// Its value is a double's, and only its spelling is not jq's: `10.00`. What a program computes with it is right.
    /// Of whole numbers only those up to 2^53 count: beyond, adding 1 may change nothing.
    let isExact: Bool

    private static let largestWhole = 9_007_199_254_740_992.0

    /// - Returns: `nil` for a number that jq gives back as it is.
    init?(_ range: Range<Int>, of spelling: [UInt8]) {
        let double = Double(String(decoding: spelling, as: UTF8.self)) ?? .infinity
        let decimal = DecimalNumber(spelling)
        isExact =
            double.isFinite && DecimalNumber("\(double)".utf8) == decimal
            && !(decimal.isInteger && double.magnitude > Self.largestWhole)
        if isExact, JQProgram.text(ofNumber: spelling) == spelling { return nil }
        self.range = range
        self.spelling = spelling
        self.decimal = decimal
        self.double = double
    }

    /// The same number, of which the record has only the text.
    var ofText: AwkwardNumber {
        var copy = self
        copy.range = nil
        return copy
    }

    /// Whether it is written as JSON has it: jq takes more for a number, as `007`.
    var isJSON: Bool { JSONMistake.of(spelling[...]) == nil }

    /// Those of a record, which is JSON.
    static func all(in record: UnsafeBufferPointer<UInt8>) -> [AwkwardNumber] {
        suspects(in: record).compactMap { AwkwardNumber($0, of: Array(record[$0])) }
    }

    /// The places of numbers that may be awkward: nothing is made of those that are not, which are nearly all.
    private static func suspects(in record: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var position = 0
        while position < record.count {
            let byte = record[position]
            if byte == UInt8(ascii: "\"") {
                position = endOfText(record, position)
            } else if byte == UInt8(ascii: "-") || byte.isDigit {
                let start = position
                let isPlain = skipNumber(record, &position)
                if !isPlain { found.append(start..<position) }
            } else {
                position += 1
            }
        }
        return found
    }

    /// Behind the quote that ends the text which starts at `start`.
    private static func endOfText(_ record: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var position = start + 1
        while position < record.count {
            let byte = record[position]
            if byte == UInt8(ascii: "\"") { return position + 1 }
            position += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        return position
    }

    /// - Returns: whether jq gives it back as it is, for certain: at most 15 digits, no exponent, no zero at the end of a
    ///   fraction, at most three at its beginning (1e-05 is how jq writes 0.00001).
    private static func skipNumber(_ record: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> Bool {
        var (digits, hasFraction, zeros, isSmall, isPlain) = (0, false, 0, true, true)
        if record[position] == UInt8(ascii: "-") { position += 1 }
        while position < record.count {
            let byte = record[position]
            if byte.isDigit {
                digits += 1
                if byte != UInt8(ascii: "0") { isSmall = false } else if hasFraction, isSmall { zeros += 1 }
            } else if byte == UInt8(ascii: ".") {
                hasFraction = true
            } else if byte | 0x20 == UInt8(ascii: "e") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") {
                isPlain = false
            } else {
                break
            }
            position += 1
        }
        let endsInZero = hasFraction && record[position - 1] == UInt8(ascii: "0")
        return isPlain && digits <= 15 && !endsInZero && zeros <= 3
    }
}

extension UInt8 {
    var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }
}
