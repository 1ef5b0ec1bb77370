import Sluice

/// `00000123-2026-11-26T07.jsonl`: a file of a pipeline's log. The number is the order in which the files were written,
/// whatever the clock did; the hour (UTC) is the one in which its lines were, so that the name is the index by time.
struct LogFileName: Hashable, Sendable, Comparable {
    let number: Int
    /// Hours since 1970.
    let hour: Int64

    private static let suffix = ".jsonl"
    private static let digits = 8

    init(number: Int, hour: Int64) {
        self.number = number
        self.hour = hour
    }

    /// `nil` for any other file.
    init?(_ name: String) {
        guard name.hasSuffix(Self.suffix) else { return nil }
        let parts = name.dropLast(Self.suffix.count).split(separator: "-", maxSplits: 1)
        guard parts.count == 2, parts[0].utf8.count >= Self.digits, let number = Int(parts[0]), number > 0,
            let hour = Hour.parse(parts[1])
        else { return nil }
        self.init(number: number, hour: hour)
    }

    var text: String {
        let digits = String(number)
        let zeros = String(repeating: "0", count: max(0, Self.digits - digits.utf8.count))
        return "\(zeros)\(digits)-\(Hour.text(hour))\(Self.suffix)"
    }

    static func < (left: LogFileName, right: LogFileName) -> Bool { left.number < right.number }

    /// Behind its last line.
    var end: Timestamp { Timestamp(milliseconds: (hour + 1) * Hour.milliseconds) }
    var start: Timestamp { Timestamp(milliseconds: hour * Hour.milliseconds) }
}

/// Hours of UTC as text: `2026-11-26T07`.
enum Hour {
    static let milliseconds: Int64 = 3_600_000

    static func of(_ time: Timestamp) -> Int64 {
        time.milliseconds >= 0
            ? time.milliseconds / milliseconds : (time.milliseconds - milliseconds + 1) / milliseconds
    }

    static func text(_ hour: Int64) -> String {
        let (day, hourOfDay) = split(hour)
        let date = CivilDate(daysSince1970: day)
        return "\(date.text)T\(hourOfDay < 10 ? "0" : "")\(hourOfDay)"
    }

    static func parse(_ text: Substring) -> Int64? {
        let parts = text.split(separator: "T")
        guard parts.count == 2, let hour = Int64(parts[1]), (0..<24).contains(hour), let date = CivilDate(parts[0])
        else { return nil }
        return date.daysSince1970 * 24 + hour
    }

    private static func split(_ hour: Int64) -> (day: Int64, hour: Int64) {
        let (day, rest) = hour.quotientAndRemainder(dividingBy: 24)
        return rest < 0 ? (day - 1, rest + 24) : (day, rest)
    }
}
