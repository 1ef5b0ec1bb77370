/// A number as SQLite can hold it without losing a digit.
enum SQLiteNumber: Equatable {
    case integer(Int64)
    /// The shortest text of this double is a number of the same value.
    case real(Double)
    /// No integer and no double is this number: its digits are kept, as text.
    case digits

    /// - Returns: `nil` if the text is no number as SQLite reads one. (JSON's numbers all are; SQLite also takes a
    ///   plus sign, `.5`, `5.` and space around it.)
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        if let small = Self.smallInteger(text) {
            self = .integer(small)
            return
        }
        guard let decimal = Decimal(text) else { return nil }
        self = decimal.isInteger ? Self.integer(decimal) : Self.real(decimal, text)
    }

    /// What most numbers are: up to 18 digits, which no `Int64` overflows with.
    private static func smallInteger(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        let isNegative = text.first == UInt8(ascii: "-")
        let start = isNegative ? 1 : 0
        guard text.count > start, text.count <= start + 18 else { return nil }
        var value: Int64 = 0
        for index in start..<text.count {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ Int64(digit)
        }
        return isNegative ? -value : value
    }

    private static func integer(_ decimal: Decimal) -> SQLiteNumber {
        guard decimal.significant <= 19, (0...18).contains(decimal.exponent) || decimal.mantissa == 0 else {
            return .digits
        }
        var magnitude = decimal.mantissa
        for _ in 0..<max(0, decimal.exponent) {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            if overflow { return .digits }
            magnitude = product
        }
        if decimal.isNegative {
            return magnitude <= Int64.min.magnitude ? .integer(Int64(truncatingIfNeeded: 0 &- magnitude)) : .digits
        }
        return magnitude <= UInt64(Int64.max) ? .integer(Int64(magnitude)) : .digits
    }

    /// Up to 15 significant digits a double always gives back (DBL_DIG), from 18 on its shortest text never has
    /// them all; between the two, the text decides.
    private static func real(_ decimal: Decimal, _ text: UnsafeBufferPointer<UInt8>) -> SQLiteNumber {
        if decimal.mantissa == 0, decimal.significant == 0 { return .real(decimal.isNegative ? -0.0 : 0.0) }
        guard decimal.significant <= 17 else { return .digits }
        if decimal.significant <= 15, (-22...22).contains(decimal.exponent) {
            // Both are exact doubles, so that one operation rounds correctly.
            let mantissa = Double(decimal.mantissa)
            let power = powersOfTen[abs(decimal.exponent)]
            let magnitude = decimal.exponent < 0 ? mantissa / power : mantissa * power
            return .real(decimal.isNegative ? -magnitude : magnitude)
        }
        let string = String(decoding: text, as: UTF8.self)
        guard let double = Double(string.filter { !$0.isWhitespace }), double.isFinite else { return .digits }
        let shortest = Array(double.description.utf8).withUnsafeBufferPointer { Decimal($0) }
        return shortest.map { $0.mantissa == decimal.mantissa && $0.exponent == decimal.exponent } ?? false
            ? .real(double) : .digits
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}

extension SQLiteNumber {
    /// mantissa × 10^exponent, without zeros at either end of the mantissa, so that equal numbers are equal.
    private struct Decimal {
        /// Right while `significant` is at most 19.
        private(set) var mantissa: UInt64 = 0
        /// Digits from the first that is not zero to the last that is not.
        private(set) var significant = 0
        private(set) var exponent = 0
        private(set) var isNegative = false
        /// Neither point nor exponent.
        private(set) var isInteger = true

        init?(_ text: UnsafeBufferPointer<UInt8>) {
            var rest = text[...]
            func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
            while let byte = rest.first, isSpace(byte) { rest.removeFirst() }
            while let byte = rest.last, isSpace(byte) { rest.removeLast() }
            readSign(&rest)
            guard readDigits(&rest), rest.isEmpty || readExponent(&rest), rest.isEmpty else { return nil }
            if significant == 0 { exponent = 0 }
        }

        private mutating func readSign(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>) {
            guard let byte = rest.first, byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") else { return }
            isNegative = byte == UInt8(ascii: "-")
            rest.removeFirst()
        }

        private mutating func readDigits(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
            var zeros = 0  // seen behind a digit, and part of the mantissa only if another digit follows
            var digits = 0
            var fraction = 0
            var index = rest.startIndex
            while index < rest.endIndex {
                let byte = rest[index]
                if byte == UInt8(ascii: "."), isInteger {
                    isInteger = false
                    index += 1
                    continue
                }
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { break }
                digits += 1
                if !isInteger { fraction += 1 }
                index += 1
                if byte == UInt8(ascii: "0") {
                    if significant > 0 { zeros += 1 }
                    continue
                }
                significant += zeros + 1
                if significant <= 19 {
                    for _ in 0...zeros { mantissa *= 10 }
                    mantissa += UInt64(byte - UInt8(ascii: "0"))
                }
                zeros = 0
            }
            exponent = zeros - fraction
            rest = rest[index...]
            return digits > 0
        }

        private mutating func readExponent(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
            guard let letter = rest.popFirst(), letter | 0x20 == UInt8(ascii: "e") else { return false }
            isInteger = false
            var isMinus = false
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                isMinus = sign == UInt8(ascii: "-")
                rest.removeFirst()
            }
            var value = 0
            guard !rest.isEmpty else { return false }
            while let byte = rest.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                value = min(value * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000)
                rest.removeFirst()
            }
            exponent += isMinus ? -value : value
            return true
        }
    }
}
