/// A number of a JSON text by its value, however many digits it has: `10.00`, `1e1` and `10` are equal.
struct DecimalNumber: Hashable {
    private var isNegative: Bool
    /// Without zeros at either end; none = zero.
    private var digits: [UInt8] = []
    /// The value is 0.DIGITS × 10^exponent.
    private var exponent = 0

    /// - Parameter spelling: a number as JSON has it.
    init(_ spelling: some Sequence<UInt8>) {
        isNegative = false
        var (isFraction, isExponent, negatesExponent, written) = (false, false, false, 0)
        for byte in spelling {
            switch byte {
            case UInt8(ascii: "-"): if isExponent { negatesExponent = true } else { isNegative = true }
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"): isExponent = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if isExponent {
                    // More than this is as large as a number can be; and it cannot overflow.
                    written = min(written * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000_000)
                    continue
                }
                if digits.isEmpty, byte == UInt8(ascii: "0") {
                    if isFraction { exponent -= 1 }
                    continue
                }
                digits.append(byte)
                if !isFraction { exponent += 1 }
            default: continue
            }
        }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        exponent = digits.isEmpty ? 0 : exponent + (negatesExponent ? -written : written)
    }

    var isInteger: Bool { digits.count <= exponent || digits.isEmpty }
    var isBelowZero: Bool { isNegative }

    /// The last digits that are written: of a whole number before the point, zeros included, of another behind it.
    func lastDigits(_ count: Int) -> String {
        let zeros = isInteger ? min(count, exponent - digits.count) : 0
        let written = digits.suffix(count - zeros)
        return String(decoding: written, as: UTF8.self) + String(repeating: "0", count: zeros)
    }
}

extension DecimalNumber: Comparable {
    static func < (one: DecimalNumber, other: DecimalNumber) -> Bool {
        if one.isNegative != other.isNegative { return one.isNegative }
        return one.isNegative ? other.isNearerToZero(than: one) : one.isNearerToZero(than: other)
    }

    private func isNearerToZero(than other: DecimalNumber) -> Bool {
        if digits.isEmpty || other.digits.isEmpty { return digits.isEmpty && !other.digits.isEmpty }
        if exponent != other.exponent { return exponent < other.exponent }
        return digits.lexicographicallyPrecedes(other.digits)
    }
}
