import Sluice
import SluiceTesting
import Testing

@Suite("The breaker")
struct BreakerTests {
    private let clock = ManualClock()
    private let plan = BreakerPlan(after: 3, probe: .seconds(30))

    @Test("opens after as many service failures in a row as planned")
    func opensAfterFailuresInARow() {
        var breaker = Breaker(plan)
        #expect(breaker.handle(.busy("locked"), at: clock.now) == .none)
        #expect(breaker.handle(.busy("locked"), at: clock.now) == .none)
        #expect(breaker.handle(.answered, at: clock.now) == .none)
        #expect(breaker.handle(.busy("locked"), at: clock.now) == .none)
        #expect(breaker.handle(.busy("locked"), at: clock.now) == .none)
        #expect(breaker.handle(.busy("locked"), at: clock.now) == .opened(reason: "locked"))
        #expect(breaker.admit(at: clock.now) == .wait(until: clock.now + .seconds(30)))
    }

    @Test("opens at once when the sink is unavailable, and lets one probe through after the interval")
    func probesOnce() {
        var breaker = Breaker(plan)
        #expect(breaker.handle(.unavailable("no such host"), at: clock.now) == .opened(reason: "no such host"))
        clock.advance(by: .seconds(29))
        #expect(breaker.admit(at: clock.now) == .wait(until: clock.now + .seconds(1)))
        clock.advance(by: .seconds(1))
        #expect(breaker.admit(at: clock.now) == .probe)
        #expect(breaker.admit(at: clock.now) == .wait(until: nil))
    }

    @Test("keeps the interval between probes constant, and counts them")
    func intervalStaysConstant() {
        var breaker = Breaker(plan)
        _ = breaker.handle(.unavailable("gone"), at: clock.now)
        for probe in 1...4 {
            clock.advance(by: .seconds(30))
            #expect(breaker.admit(at: clock.now) == .probe)
            #expect(breaker.handle(.busy("later"), at: clock.now) == .probeFailed(reason: "later", count: probe))
            #expect(breaker.admit(at: clock.now) == .wait(until: clock.now + .seconds(30)))
        }
        clock.advance(by: .seconds(30))
        #expect(breaker.admit(at: clock.now) == .probe)
        #expect(breaker.handle(.answered, at: clock.now) == .closed(after: .seconds(150)))
        #expect(breaker.admit(at: clock.now) == .pass)
    }

    @Test("learns nothing, while it is open, from writes that began before")
    func lateAnswersDoNotCount() {
        var breaker = Breaker(plan)
        _ = breaker.handle(.unavailable("gone"), at: clock.now)
        let open = breaker
        for event in [Breaker.Event.answered, .busy("x"), .unavailable("y"), .probeWithdrawn] {
            #expect(breaker.handle(event, at: clock.now) == .none)
            #expect(breaker == open)
        }
    }

    @Test("a write from before it opened does not count as the probe's", arguments: [true, false])
    func lateWriteDuringAProbe(succeeds: Bool) async throws {
        let fixture = StepFixture()
        let control = fixture.deliveryControl()
        let (late, first) = (control.beginWrite(), control.beginWrite())
        control.ended(first, .unavailable("gone"))
        fixture.clock.advance(by: .seconds(30))
        #expect(try await control.admit(upTo: 10).isProbe)
        let probe = control.beginWrite()
        #expect(probe.isProbe)
        control.ended(late, succeeds ? .answered : .busy("locked"))
        #expect(control.isBreakerOpen)
        #expect(control.failedProbes == 0)
        control.ended(probe, .answered)
        #expect(!control.isBreakerOpen)
    }

    @Test("a pause and its end are told in the order in which they happened")
    func pausesAreToldInOrder() async {
        let told = Calls()
        let fixture = StepFixture()
        let control = StepControl(
            name: fixture.pipeline.transformStep, clock: fixture.clock, logger: fixture.logger,
            pauseChanged: { _, pause in told.add([pause == nil ? "resumed" : "paused"]) })
        await withTaskGroup { group in
            for isPausing in [true, false, true, false] {
                group.addTask { for _ in 0..<5_000 { isPausing ? control.pause(reason: nil) : control.resume() } }
            }
        }
        let expected = told.flat.indices.map { $0 % 2 == 0 ? "paused" : "resumed" }
        #expect(told.flat == expected)
        #expect((control.paused == nil) == (told.flat.last == "resumed"))
    }

    @Test("tries again at once after a probe that reached nobody, and when somebody asks")
    func probeAgain() {
        var breaker = Breaker(plan)
        _ = breaker.handle(.unavailable("gone"), at: clock.now)
        _ = breaker.handle(.probeNow, at: clock.now)
        #expect(breaker.admit(at: clock.now) == .probe)
        _ = breaker.handle(.probeWithdrawn, at: clock.now)
        #expect(breaker.admit(at: clock.now) == .probe)
    }
}

@Suite("The rate limiter")
struct RateLimiterTests {
    /// How many records get through in `duration` when somebody always wants `batch`.
    private func granted(_ rate: Rate, batch: Int, in duration: Duration) -> Int {
        let clock = ManualClock()
        let end = clock.now + duration
        var limiter = RateLimiter(rate, now: clock.now)
        var sum = 0
        while true {
            switch limiter.reserve(upTo: batch, at: clock.now) {
            case .granted(let count): sum += count
            case .wait(let until):
                guard until < end else { return sum }
                clock.advance(by: until - clock.now)
            }
        }
    }

    @Test(
        "lets through the rate and one portion beside it",
        arguments: [
            (Rate.perSecond(500), 500, Duration.seconds(10), 5_000...5_050),
            (.perSecond(500), 1, .seconds(10), 4_999...5_051),
            (.perSecond(7), 100, .seconds(60), 420...421),
            (.perMinute(90), 500, .seconds(600), 900...901),
            (.perHour(100), 500, .seconds(36_000), 1_000...1_001),
        ])
    func keepsTheRate(rate: Rate, batch: Int, duration: Duration, expected: ClosedRange<Int>) {
        #expect(expected.contains(granted(rate, batch: batch, in: duration)))
    }

    @Test("does not save up more than a fifth of a second while nothing comes")
    func savesUpLittle() {
        let clock = ManualClock()
        var limiter = RateLimiter(.perSecond(500), now: clock.now)
        clock.advance(by: .seconds(3_600))
        #expect(limiter.reserve(upTo: 1_000, at: clock.now) == .granted(100))
        #expect(limiter.reserve(upTo: 1_000, at: clock.now) == .wait(until: clock.now + .milliseconds(100)))
    }

    @Test("gets back what was reserved and not received")
    func refund() {
        let clock = ManualClock()
        var limiter = RateLimiter(.perSecond(500), now: clock.now)
        #expect(limiter.reserve(upTo: 500, at: clock.now) == .granted(50))
        limiter.giveBack(50)
        #expect(limiter.reserve(upTo: 500, at: clock.now) == .granted(50))
    }
}
