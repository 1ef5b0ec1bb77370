/// How many digits a decimal has before and behind its point when its exponent is written out, zeros at either end
/// left aside.
struct SQLiteDigits {
    private var whole = 0
    private var fraction = 0

    /// - Parameter isPlain: an exponent is no part of it.
    /// - Returns: `nil` if the text is no decimal as JSON writes them, zeros in front excepted.
    init?(_ text: UnsafeBufferPointer<UInt8>, isPlain: Bool = false) {
        var reader = SQLiteTextReader(text)
        _ = reader.byte(of: "-")
        let start = reader.position
        guard reader.digits() > 0 else { return nil }
        let point = reader.position
        if reader.byte(of: ".") { guard reader.digits() > 0 else { return nil } }
        let end = reader.position
        var exponent = 0
        if !isPlain, reader.byte(of: "eE") {
            let isNegative = reader.byte(of: "-")
            if !isNegative { _ = reader.byte(of: "+") }
            let first = reader.position
            guard reader.digits() > 0 else { return nil }
            exponent = text[first..<reader.position].reduce(0) { min($0 * 10 + Int($1 & 0x0F), 1_000_000) }
            if isNegative { exponent = -exponent }
        }
        guard reader.isAtEnd else { return nil }
        let isSignificant: (Int) -> Bool = { (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(text[$0]) }
        guard let first = (start..<end).first(where: isSignificant),
            let last = (start..<end).last(where: isSignificant)
        else { return }  // it is 0
        // The power of ten of a digit: 0 is that before the point.
        func power(_ index: Int) -> Int { (index < point ? point - 1 - index : point - index) + exponent }
        whole = max(0, power(first) + 1)
        fraction = max(0, -power(last))
    }

    func fit(whole: Int, fraction: Int) -> Bool { self.whole <= whole && self.fraction <= fraction }
}

/// Reads a text from left to right. Every method answers whether what it is named after stood there, and goes behind
/// it.
struct SQLiteTextReader {
    private let text: UnsafeBufferPointer<UInt8>
    private(set) var position = 0

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    /// Whether `body` reads the whole text.
    static func reads(_ text: UnsafeBufferPointer<UInt8>, _ body: (inout Self) -> Bool) -> Bool {
        var reader = Self(text)
        return body(&reader) && reader.isAtEnd
    }

    var isAtEnd: Bool { position == text.count }

    mutating func byte(of set: StaticString) -> Bool {
        guard position < text.count else { return false }
        let wanted = UnsafeBufferPointer(start: set.utf8Start, count: set.utf8CodeUnitCount)
        guard wanted.contains(text[position]) else { return false }
        position += 1
        return true
    }

    /// - Returns: how many there were.
    mutating func digits() -> Int {
        let start = position
        while position < text.count, text[position] &- UInt8(ascii: "0") <= 9 { position += 1 }
        return position - start
    }

    mutating func hexadecimal(_ count: Int) -> Bool {
        let end = position + count
        guard end <= text.count else { return false }
        while position < end {
            guard byte(of: "0123456789abcdefABCDEF") else { return false }
        }
        return true
    }

    /// `YYYY-MM-DD` of the Gregorian calendar.
    mutating func date() -> Bool {
        guard let year = number(4), byte(of: "-"), let month = number(2), byte(of: "-"), let day = number(2) else {
            return false
        }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days =
            switch month {
            case 1, 3, 5, 7, 8, 10, 12: 31
            case 4, 6, 9, 11: 30
            case 2: isLeap ? 29 : 28
            default: 0
            }
        return day >= 1 && day <= days
    }

    /// `hh:mm`, `hh:mm:ss`, `hh:mm:ss.fff`; a leap second is a second.
    mutating func time() -> Bool {
        guard let hour = number(2), hour <= 23, byte(of: ":"), let minute = number(2), minute <= 59 else {
            return false
        }
        guard byte(of: ":") else { return true }
        guard let second = number(2), second <= 60 else { return false }
        return byte(of: ".,") ? digits() > 0 : true
    }

    /// `Z`, `+hh:mm`, `+hhmm`, `+hh`, or nothing.
    mutating func offset() -> Bool {
        if isAtEnd || byte(of: "Zz") { return true }
        guard byte(of: "+-"), let hours = number(2), hours <= 23 else { return false }
        if isAtEnd { return true }
        _ = byte(of: ":")
        guard let minutes = number(2) else { return false }
        return minutes <= 59
    }

    /// The number that exactly so many digits make.
    private mutating func number(_ count: Int) -> Int? {
        guard position + count <= text.count else { return nil }
        var value = 0
        for index in position..<(position + count) {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value * 10 + Int(digit)
        }
        position += count
        return value
    }
}
