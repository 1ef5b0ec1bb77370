import ArgumentParser
import Foundation
import Sluice

/// A moment as people type it: how long ago, or when.
struct MomentArgument: ExpressibleByArgument, Sendable, Hashable {
    private enum Form: Hashable {
        case ago(Duration)
        case at(Timestamp)
    }

    /// For the help of options.
    static let forms =
        "15m, '2h ago', today, 2026-11-26, '2026-11-26 07:00' (of this machine's zone), 2026-11-26T07:00:00Z"

    private let form: Form

    init?(argument: String) { self.init(argument: argument, now: .wall, zone: .current) }

    /// - Parameters:
    ///   - now: what `today` and `yesterday` are told by.
    ///   - zone: of what names none.
    init?(argument: String, now: Timestamp, zone: TimeZone) {
        let text = argument.trimmingCharacters(in: .whitespaces)
        let span = text.hasSuffix(" ago") ? String(text.dropLast(" ago".count)).replacing(" ", with: "") : text
        if let span = TimeSpan(argument: span) {
            form = .ago(span.duration)
        } else if let moment = TimeText.parse(rfc3339: text) ?? Self.civil(text, now, zone) {
            form = .at(moment)
        } else {
            return nil
        }
    }

    func moment(before now: Timestamp) -> Timestamp {
        switch form {
        case .ago(let duration): now - duration
        case .at(let time): time
        }
    }

    /// A day, or a day and a time, of a zone: `today`, `2026-11-26`, `2026-11-26 07:00`, `2026-11-26T07:00:30`.
    private static func civil(_ text: String, _ now: Timestamp, _ zone: TimeZone) -> Timestamp? {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let today = calendar.startOfDay(for: Date(timeIntervalSince1970: Double(now.milliseconds) / 1_000))
        switch text {
        case "today": return Timestamp(milliseconds: Int64(today.timeIntervalSince1970 * 1_000))
        case "yesterday":
            return calendar.date(byAdding: .day, value: -1, to: today).map {
                Timestamp(milliseconds: Int64($0.timeIntervalSince1970 * 1_000))
            }
        default: break
        }
        guard
            let match = text.wholeMatch(
                of: /([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?/)
        else { return nil }
        let parts = DateComponents(
            year: Int(match.1), month: Int(match.2), day: Int(match.3), hour: match.4.flatMap { Int($0) } ?? 0,
            minute: match.5.flatMap { Int($0) } ?? 0, second: match.6.flatMap { Int($0) } ?? 0)
        guard parts.isValidDate(in: calendar), let date = calendar.date(from: parts) else { return nil }
        return Timestamp(milliseconds: Int64(date.timeIntervalSince1970 * 1_000))
    }
}
