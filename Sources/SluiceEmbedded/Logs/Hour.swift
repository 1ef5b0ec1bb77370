import Sluice

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
