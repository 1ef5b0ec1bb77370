import Foundation
import Sluice

extension Timestamp {
    /// The wall clock, for what is shown to people.
    static var wall: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }

    /// Seconds since 1970, rounded down.
    fileprivate var seconds: Int64 { milliseconds >= 0 ? milliseconds / 1_000 : (milliseconds - 999) / 1_000 }
}

/// Times and durations as commands print them.
struct TimeText: Sendable {
    /// The moment of printing: what happened today is shown by its time alone.
    var now: Timestamp
    /// Minutes and hours of the reader's own zone.
    var zone: TimeZone

    init(now: Timestamp, zone: TimeZone = .current) {
        self.now = now
        self.zone = zone
    }

    /// `02:14` today, `12-23 02:14` another day of this year, `2025-12-23` before.
    func short(_ time: Timestamp) -> String {
        let parts = civil(time)
        let today = civil(now)
        if (parts.year, parts.month, parts.day) == (today.year, today.month, today.day) {
            return "\(Self.two(parts.hour)):\(Self.two(parts.minute))"
        }
        guard parts.year == today.year else { return date(time) }
        return "\(Self.two(parts.month))-\(Self.two(parts.day)) \(Self.two(parts.hour)):\(Self.two(parts.minute))"
    }

    /// `2026-12-23`.
    func date(_ time: Timestamp) -> String {
        let parts = civil(time)
        return "\(Self.four(parts.year))-\(Self.two(parts.month))-\(Self.two(parts.day))"
    }

    /// `2026-12-23 02:14:07`.
    func full(_ time: Timestamp) -> String {
        let parts = civil(time)
        return "\(date(time)) \(Self.two(parts.hour)):\(Self.two(parts.minute)):\(Self.two(parts.second))"
    }

    /// How long ago: `7h`, in the largest unit that is not 0.
    func age(of time: Timestamp?) -> String {
        guard let time else { return "–" }
        return Self.compact(max(.zero, now - time))
    }

    /// `12s`, `44m`, `7h`, `13d`: one unit, rounded down.
    static func compact(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3_600 { return "\(seconds / 60)m" }
        if seconds < 86_400 { return "\(seconds / 3_600)h" }
        return "\(seconds / 86_400)d"
    }

    /// `13 d`, for sentences.
    static func spaced(_ duration: Duration) -> String {
        let text = compact(duration)
        return "\(text.dropLast()) \(text.suffix(1))"
    }

    /// `2026-12-23T02:14:07.123Z`, for machines.
    static func rfc3339(_ time: Timestamp) -> String {
        let parts = civil(seconds: time.seconds)
        let milliseconds = time.milliseconds - time.seconds * 1_000
        let fraction = String(1_000 + milliseconds).dropFirst()
        return "\(four(parts.year))-\(two(parts.month))-\(two(parts.day))T\(two(parts.hour)):\(two(parts.minute)):"
            + "\(two(parts.second)).\(fraction)Z"
    }

    private struct Civil { var year, month, day, hour, minute, second: Int }

    private func civil(_ time: Timestamp) -> Civil {
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time.seconds)))
        return Self.civil(seconds: time.seconds + Int64(offset))
    }

    /// The Gregorian calendar from days since 1970 (H. Hinnant's `civil_from_days`).
    private static func civil(seconds: Int64) -> Civil {
        let (dayQuotient, secondOfDay) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let day = secondOfDay < 0 ? dayQuotient - 1 : dayQuotient
        let second = Int(secondOfDay < 0 ? secondOfDay + 86_400 : secondOfDay)
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = Int(monthIndex < 10 ? monthIndex + 3 : monthIndex - 9)
        return Civil(
            year: Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0), month: month,
            day: Int(dayOfYear - (153 * monthIndex + 2) / 5 + 1), hour: second / 3_600,
            minute: second / 60 % 60, second: second % 60)
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    private static func four(_ number: Int) -> String { number < 1_000 ? "0\(number)" : "\(number)" }
}
