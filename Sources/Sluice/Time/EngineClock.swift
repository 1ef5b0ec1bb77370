#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The engine's only source of time, injected so that fourteen days of retention are tested in milliseconds.
///
/// The two readings move together: `now` is the wall clock as it was when the clock was made, plus what
/// has passed since. Somebody who sets the machine's wall clock an hour forward or back therefore moves
/// nothing that is waiting: no visibility timeout ends early, no deduplication window closes early.
public protocol EngineClock: Sendable {
    /// The moment to persist.
    var now: Timestamp { get }

    /// Calls `wake` whenever time was moved by hand, so that whoever sleeps until a deadline looks again.
    /// A clock that only runs by itself never calls it.
    func onJump(_ wake: @escaping @Sendable () -> Void)

    /// How long a thread may really sleep until `deadline`; `nil` when only a jump can bring it nearer.
    func realDelay(until deadline: Timestamp) -> Duration?
}

/// The machine's clock. `rate` speeds up visibility, delay, retention and expiry (`--clock-rate`); it
/// does not touch the timeouts of functions, which measure real time.
public struct SystemClock: EngineClock {
    private let anchorWall: Int64
    private let anchorBoot: Int64
    private let rate: Int64

    /// Faster, a machine that is up for long would have moments that cannot be stored.
    public static let rates = 1...1_000_000

    /// - Parameters:
    ///   - notBefore: the last moment a data folder has seen. A wall clock that was set back by up to a day
    ///     while nothing ran does not make time run backwards in the folder; a larger step is believed.
    ///   - rate: engine seconds per real second, within `rates`. Defaults to 1.
    public init(notBefore: Timestamp? = nil, rate: Int = 1) {
        let wall = Self.read(CLOCK_REALTIME)
        let day: Int64 = 86_400_000
        if let floor = notBefore?.milliseconds, floor > wall, rate > 1 || floor - wall < day {
            anchorWall = floor
        } else {
            anchorWall = wall
        }
        anchorBoot = Self.read(CLOCK_MONOTONIC)
        self.rate = Int64(min(max(rate, Self.rates.lowerBound), Self.rates.upperBound))
    }

    public var now: Timestamp {
        Timestamp(milliseconds: anchorWall + (Self.read(CLOCK_MONOTONIC) - anchorBoot) * rate)
    }

    public func onJump(_ wake: @escaping @Sendable () -> Void) {}

    public func realDelay(until deadline: Timestamp) -> Duration? {
        .milliseconds(max(0, (deadline.milliseconds - now.milliseconds + rate - 1) / rate))
    }

    private static func read(_ id: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(id, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
