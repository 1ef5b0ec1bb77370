import Foundation
import NIOHTTP1
import Sluice

/// How long a service asks to be left alone.
enum RetryAfter {
    /// A service that asks for more is asked again after this.
    static let longest = Duration.minutes(15)

    /// - Returns: `nil` if it does not say, or not in a way that can be read.
    static func wait(_ headers: HTTPHeaders, now: Date = Date()) -> Duration? {
        guard let text = headers.first(name: "Retry-After")?.trimmingCharacters(in: .whitespaces), !text.isEmpty else {
            return nil
        }
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // More digits than an Int has are more than the longest, too.
            return Int(text).map { min(.seconds(min($0, 86_400)), longest) } ?? longest
        }
        guard let moment = seconds(ofDate: text) else { return nil }
        // By the service's own clock, if it tells: ours may be another one.
        let reference = headers.first(name: "Date").flatMap(seconds(ofDate:)) ?? Int64(now.timeIntervalSince1970)
        return min(.seconds(max(0, moment - reference)), longest)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, in seconds since 1970. The two older forms are no longer written by anybody.
    private static func seconds(ofDate text: String) -> Int64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        guard let date = CivilDate("\(parts[3])-\(number)-\(parts[1])") else { return nil }
        let time = parts[4].split(separator: ":").compactMap { Int64($0) }
        guard time.count == 3, (0..<24).contains(time[0]), (0..<60).contains(time[1]), (0...60).contains(time[2]) else {
            return nil
        }
        return date.daysSince1970 * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2]
    }
}
