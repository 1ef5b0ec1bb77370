/// Records per second, minute or hour: a token bucket, as a pure value.
///
/// In any stretch of time *t* at most `rate × t`, and a fifth of a second's worth beside it, is let through. Records
/// are taken in batches of about a tenth of a second's worth: one at a time would make every write a small one.
package struct RateLimiter: Sendable, Hashable {
    package enum Answer: Sendable, Hashable {
        /// So many records may be received, at most as many as asked for; what is not used is given back.
        case granted(Int)
        case wait(until: Timestamp)
    }

    private let perMillisecond: Double
    private let portion: Double
    private var tokens: Double
    private var refilled: Timestamp

    /// Starts with one portion.
    package init(_ rate: Rate, now: Timestamp) {
        let interval = Double(max(rate.per.milliseconds, 1))
        perMillisecond = Double(max(rate.count, 1)) / interval
        portion = max(1, (perMillisecond * 100).rounded(.down))
        tokens = portion
        refilled = now
    }

    package mutating func reserve(upTo wanted: Int, at now: Timestamp) -> Answer {
        refill(now)
        let needed = min(portion, Double(max(wanted, 1)))
        // A token that is short by less than a rounding error is there; without this a wait could end a
        // millisecond early for ever.
        guard tokens + 1e-6 >= needed else {
            let wait = ((needed - tokens) / perMillisecond).rounded(.up)
            return .wait(until: now + .milliseconds(Int64(max(1, wait))))
        }
        let granted = min(Double(max(wanted, 1)), max(needed, tokens.rounded(.down)))
        tokens -= granted
        return .granted(Int(granted))
    }

    /// Gives back what was reserved and not received.
    package mutating func giveBack(_ count: Int) { tokens = min(tokens + Double(count), portion * 2) }

    private mutating func refill(_ now: Timestamp) {
        guard now > refilled else { return }
        tokens = min(tokens + perMillisecond * Double(now.milliseconds - refilled.milliseconds), portion * 2)
        refilled = now
    }
}

/// How many records a second over the last ten seconds.
struct Throughput: Sendable, Hashable {
    private static let seconds: Int64 = 10
    private var counts = [Int](repeating: 0, count: 10)
    private var latest: Int64 = 0
    /// When it began to count after a window in which nothing was.
    private var began = Timestamp(milliseconds: 0)

    mutating func count(_ records: Int, at now: Timestamp) {
        advance(to: now)
        if counts.allSatisfy({ $0 == 0 }) { began = now }
        counts[Int(latest % Self.seconds)] += records
    }

    mutating func rate(at now: Timestamp) -> Double {
        advance(to: now)
        // The window: nine whole seconds and what has passed of the present one; of a burst only its own time, or
        // what is done in its first second would look like a tenth of it.
        let window = Double(Self.seconds - 1) + Double(now.milliseconds % 1_000) / 1_000
        let seconds = max(1, min(window, (now - began).inSeconds))
        return Double(counts.reduce(0, +)) / seconds
    }

    private mutating func advance(to now: Timestamp) {
        let second = max(now.milliseconds / 1_000, 0)
        guard second > latest else { return }
        for passed in max(latest + 1, second - Self.seconds + 1)...second { counts[Int(passed % Self.seconds)] = 0 }
        latest = second
    }
}
