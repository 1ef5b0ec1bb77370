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
}
