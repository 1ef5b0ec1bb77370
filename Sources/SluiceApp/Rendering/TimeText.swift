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

    /// `2026-12-23 02:14:07.123`.
    func precise(_ time: Timestamp) -> String { "\(full(time)).\(Self.fraction(of: time))" }

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

    /// `2026-12-23T02:14:07.123Z`, for machines.
    static func rfc3339(_ time: Timestamp) -> String {
        let parts = civil(seconds: time.seconds)
        return "\(four(parts.year))-\(two(parts.month))-\(two(parts.day))T\(two(parts.hour)):\(two(parts.minute)):"
            + "\(two(parts.second)).\(fraction(of: time))Z"
    }

    /// Three digits of milliseconds.
    private static func fraction(of time: Timestamp) -> Substring {
        String(1_000 + time.milliseconds - time.seconds * 1_000).dropFirst()
    }

    /// Reads `2026-12-23T02:14:07Z`, with a fraction or an offset (`+02:00`) where there is one.
    static func parse(rfc3339 text: String) -> Timestamp? {
        do {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
            return Timestamp(milliseconds: Int64((try style.parse(text).timeIntervalSince1970 * 1_000).rounded()))
        } catch {
            return nil
        }
    }

    private struct Civil { var year, month, day, hour, minute, second: Int }

    private func civil(_ time: Timestamp) -> Civil {
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time.seconds)))
        return Self.civil(seconds: time.seconds + Int64(offset))
    }

    private static func civil(seconds: Int64) -> Civil {
        let (dayQuotient, secondOfDay) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let date = CivilDate(daysSince1970: secondOfDay < 0 ? dayQuotient - 1 : dayQuotient)
        let second = Int(secondOfDay < 0 ? secondOfDay + 86_400 : secondOfDay)
        return Civil(
            year: date.year, month: date.month, day: date.day, hour: second / 3_600, minute: second / 60 % 60,
            second: second % 60)
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    private static func four(_ number: Int) -> String { number < 1_000 ? "0\(number)" : "\(number)" }
}
