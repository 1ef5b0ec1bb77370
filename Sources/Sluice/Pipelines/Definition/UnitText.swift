/// How people write an amount with its unit: `30s`, `1MB`, `500/s`. A bare number is never guessed at.
enum UnitText {
    struct Unit {
        let symbol: String
        /// In the smallest unit of its kind.
        let size: Int64
        /// Other ways people write it, in lower case: they are answered with the right one.
        let aliases: [String]
    }

    static let durations = [
        Unit(symbol: "ms", size: 1, aliases: ["msec", "millisecond", "milliseconds"]),
        Unit(symbol: "s", size: 1_000, aliases: ["sec", "secs", "second", "seconds"]),
        Unit(symbol: "m", size: 60_000, aliases: ["min", "mins", "minute", "minutes"]),
        Unit(symbol: "h", size: 3_600_000, aliases: ["hr", "hrs", "hour", "hours"]),
        Unit(symbol: "d", size: 86_400_000, aliases: ["day", "days"]),
        Unit(symbol: "y", size: 365 * 86_400_000, aliases: ["yr", "year", "years"]),
    ]

    static let sizes = [
        Unit(symbol: "B", size: 1, aliases: ["byte", "bytes"]),
        Unit(symbol: "KB", size: 1 << 10, aliases: ["k", "kib"]),
        Unit(symbol: "MB", size: 1 << 20, aliases: ["m", "mib"]),
        Unit(symbol: "GB", size: 1 << 30, aliases: ["g", "gib"]),
        Unit(symbol: "TB", size: 1 << 40, aliases: ["t", "tib"]),
    ]

    static let rates = [
        Unit(symbol: "s", size: 1, aliases: ["sec", "second"]),
        Unit(symbol: "m", size: 60, aliases: ["min", "minute"]),
        Unit(symbol: "h", size: 3_600, aliases: ["hr", "hour"]),
    ]

    /// - Parameter range: what the key takes; a unit that is missing is suggested so that the amount is in it.
    static func duration(_ text: String, in range: ClosedRange<Duration>? = nil) throws(Complaint) -> Duration {
        .milliseconds(
            try amount(text, noun: "a duration", units: durations, usual: ["s", "d"]) { count in
                range?.contains(.milliseconds(count)) ?? true
            })
    }

    /// - Parameter range: as for durations.
    static func size(_ text: String, in range: ClosedRange<ByteCount>? = nil) throws(Complaint) -> ByteCount {
        ByteCount(
            Int(
                try amount(text, noun: "a size", units: sizes, usual: ["B"]) { count in
                    range?.contains(ByteCount(Int(count))) ?? true
                }))
    }

    static func rate(_ text: String) throws(Complaint) -> Rate {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(trimmed)
        guard let count = Int(parts.first ?? "") else { throw Complaint("is not a rate") }
        guard parts.count == 2 else { throw Complaint("has no unit of time", expected: "write '\(count)/s' (s, m, h)") }
        let unit = try unit(parts[1], of: rates, count: "\(count)/", noun: "a rate")
        return Rate(count, per: .seconds(unit.size))
    }

    /// The amount in the smallest unit.
    private static func amount(
        _ text: String, noun: String, units: [Unit], usual: [String], isTaken: (Int64) -> Bool
    ) throws(Complaint) -> Int64 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let rest = text.dropFirst(digits.count)
        let symbols = units.map(\.symbol).joined(separator: ", ")
        guard !digits.isEmpty else {
            throw Complaint(text.hasPrefix("-") ? "is negative" : "is not \(noun)")
        }
        guard let count = Int64(digits) else { throw Complaint("is too large") }
        if rest.isEmpty {
            let symbol = likely(count, units, usual: usual, isTaken: isTaken)
            throw Complaint("has no unit", expected: symbol.map { "write '\(count)\($0)' (\(symbols))" })
        }
        if rest.hasPrefix(".") || rest.hasPrefix(",") {
            throw Complaint("is not a whole number", expected: "write it in a smaller unit (\(symbols))")
        }
        let unit = try unit(trimmed(rest), of: units, count: "\(count)", noun: noun, exactly: rest)
        let (amount, overflow) = count.multipliedReportingOverflow(by: unit.size)
        guard !overflow else { throw Complaint("is too large") }
        return amount
    }

    /// The unit that was probably meant: a usual one, else the smallest, with which the key takes the amount.
    private static func likely(
        _ count: Int64, _ units: [Unit], usual: [String], isTaken: (Int64) -> Bool
    ) -> String? {
        let taken = units.filter { unit in
            let (amount, overflow) = count.multipliedReportingOverflow(by: unit.size)
            return !overflow && isTaken(amount)
        }
        return usual.first { symbol in taken.contains { $0.symbol == symbol } } ?? taken.first?.symbol
    }

    private static func unit(
        _ symbol: String, of units: [Unit], count: String, noun: String, exactly written: Substring? = nil
    ) throws(Complaint) -> Unit {
        if let unit = units.first(where: { $0.symbol == symbol }), written.map({ $0 == symbol }) ?? true { return unit }
        let lower = symbol.lowercased()
        guard let meant = units.first(where: { $0.symbol.lowercased() == lower || $0.aliases.contains(lower) }) else {
            throw Complaint("is not \(noun)")
        }
        throw Complaint("is not written as \(noun) here", expected: "write '\(count)\(meant.symbol)'")
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }

    /// In the largest unit that it is a whole number of.
    static func text(_ amount: Int64, _ units: [Unit]) -> String {
        let unit = units.last { amount % $0.size == 0 && abs(amount) >= $0.size }
        guard let unit else {
            return "\(amount)\(units.first { $0.size > 1 && amount == 0 }?.symbol ?? units[0].symbol)"
        }
        return "\(amount / unit.size)\(unit.symbol)"
    }
}

extension Duration {
    /// `30s`, `14d`, `1500ms`.
    package var definitionText: String { UnitText.text(milliseconds, UnitText.durations) }
}

extension ByteCount {
    /// `1MB`, `1500B`.
    package var definitionText: String { bytes == 0 ? "0B" : UnitText.text(Int64(bytes), UnitText.sizes) }
}

extension Rate {
    /// `500/s`.
    package var definitionText: String {
        let unit = UnitText.rates.first { .seconds($0.size) == per }
        return "\(count)/\(unit?.symbol ?? per.definitionText)"
    }
}
