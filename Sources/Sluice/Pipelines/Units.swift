/// Records per unit of time.
public struct Rate: Hashable, Sendable {
    public var count: Int
    /// One second, minute or hour.
    public var per: Duration

    public init(_ count: Int, per: Duration) {
        self.count = count
        self.per = per
    }

    public static func perSecond(_ count: Int) -> Rate { Rate(count, per: .seconds(1)) }
    public static func perMinute(_ count: Int) -> Rate { Rate(count, per: .seconds(60)) }
    public static func perHour(_ count: Int) -> Rate { Rate(count, per: .seconds(3_600)) }
}

/// A number of bytes. `MB` is 2^20 everywhere in Sluice.
public struct ByteCount: Hashable, Comparable, Sendable {
    public var bytes: Int

    public init(_ bytes: Int) { self.bytes = bytes }
    public static func kilobytes(_ count: Int) -> ByteCount { ByteCount(count << 10) }
    public static func megabytes(_ count: Int) -> ByteCount { ByteCount(count << 20) }
    public static func gigabytes(_ count: Int) -> ByteCount { ByteCount(count << 30) }
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension Duration {
    public static func minutes(_ count: Int) -> Duration { .seconds(count * 60) }
    public static func hours(_ count: Int) -> Duration { .seconds(count * 3_600) }
    public static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
