import Sluice
import Testing

/// What the machine's wall clock may do to the engine's: nothing while it runs, and at a start only what is plausible.
@Suite("The engine's clock")
struct SystemClockTests {
    private static let day: Duration = .seconds(86_400)

    @Test("a wall clock that was set back an hour while nothing ran does not make time run backwards")
    func setBack() {
        let seen = SystemClock().now + .seconds(3_600)
        let clock = SystemClock(notBefore: seen)
        #expect(clock.now >= seen)
        #expect(clock.now < seen + .seconds(60))
    }

    @Test("a wall clock that was wrong by years is believed when it is right again")
    func wrongByYears() {
        let clock = SystemClock(notBefore: SystemClock().now + Self.day * 400)
        #expect(clock.now < SystemClock().now + Self.day)
    }

    @Test("a folder that was last seen in the past does not hold the clock back")
    func seenBefore() {
        let clock = SystemClock(notBefore: SystemClock().now - .seconds(3_600))
        #expect(clock.now >= SystemClock().now - .seconds(60))
    }

    @Test("a rate shortens how long a thread sleeps, and what it started from in the future is kept")
    func rate() throws {
        let ahead = SystemClock().now + Self.day * 30
        let clock = SystemClock(notBefore: ahead, rate: 3_600)
        #expect(clock.now >= ahead)
        let delay = try #require(clock.realDelay(until: clock.now + .seconds(3_600)))
        #expect(delay <= .seconds(1))
        #expect(delay > .zero)
    }

    @Test("runs no faster than its moments can be stored, for years", arguments: [Int.max, 1_000_001, 0, -1])
    func rates(_ rate: Int) async throws {
        let clock = SystemClock(rate: rate)
        let begin = clock.now
        try await Task.sleep(for: .milliseconds(2))
        #expect(clock.now - begin >= .zero)
        #expect(clock.now - begin < Self.day * 365)
    }
}
