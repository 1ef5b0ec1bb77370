/// Why a record failed once: the line of its history that a person reads in `dlq show`.
public struct Failure: Error, Hashable, Sendable, Codable {
    /// One sentence for people, at most 4 KB; a function's own words where it gave some.
    public var reason: String
    /// The kind of error, as `errors:` matches it: `ValidationError`, `timeout`, `sql:2067`.
    public var type: String?
    /// `transform`, or the name of the delivery.
    public var step: String
    public var time: Timestamp
    /// Which code was running: the build id of a Swift function's executable, the hash of a code folder.
    public var version: String?

    public init(reason: String, type: String? = nil, step: String, time: Timestamp, version: String? = nil) {
        self.reason = Self.bounded(reason)
        self.type = type
        self.step = step
        self.time = time
        self.version = version
    }

    /// The longest reason that is kept, in bytes.
    public static let longestReason = 4_096

    private static func bounded(_ reason: String) -> String {
        guard reason.utf8.count > longestReason else { return reason }
        return String(decoding: reason.utf8.prefix(longestReason), as: UTF8.self) + "…"
    }

    /// Equal for failures of one cause: numbers, ids and quoted values in the reason do not tell them apart.
    public var fingerprint: String { Fingerprint.of(self) }
}

/// All failures of one record: the first and the last five in full, the rest counted.
public struct FailureHistory: Hashable, Sendable, Codable {
    public private(set) var first: [Failure] = []
    public private(set) var last: [Failure] = []
    public private(set) var count = 0

    package static let keptAtEachEnd = 5

    public init() {}
    public init(_ failure: Failure) { append(failure) }

    /// A history that was stored.
    /// - Parameters:
    ///   - kept: the first and the last of them, oldest first.
    ///   - count: how many there were in all.
    package init(kept: [Failure], of count: Int) {
        first = Array(kept.prefix(Self.keptAtEachEnd))
        last = Array(kept.dropFirst(Self.keptAtEachEnd).suffix(Self.keptAtEachEnd))
        self.count = max(count, first.count + last.count)
    }

    public mutating func append(_ failure: Failure) {
        count += 1
        if first.count < Self.keptAtEachEnd {
            first.append(failure)
        } else {
            last.append(failure)
            if last.count > Self.keptAtEachEnd { last.removeFirst() }
        }
    }

    /// Adds the failures of a later part of the record's life.
    public mutating func append(contentsOf later: FailureHistory) {
        guard count > 0 else {
            self = later
            return
        }
        for failure in later.kept { append(failure) }
        count += later.omitted
    }

    /// The failures that are kept, oldest first.
    public var kept: [Failure] { first + last }
    public var latest: Failure? { last.last ?? first.last }
    /// How many between the first and the last five are only counted.
    public var omitted: Int { count - first.count - last.count }
}
