import SluiceTesting
import Testing

@testable import Sluice

@Suite("A transform whose records fail alike")
struct AlikeFailuresTests {
    /// Six of the last eight.
    private let fixture = StepFixture { $0.transform?.pauseWhen = PauseWhen(75, of: 8) }

    private func obedientStep(_ fixture: StepFixture, _ control: StepControl) throws -> TransformStep {
        try fixture.transform(
            Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in
                let body = record.body.text
                if body.hasPrefix("no ") { return .reject(body) }
                return try StepFixture.obedient(body)
            }, control: control)
    }

    private func batch(_ bodies: String...) -> [ReceivedMessage] {
        bodies.enumerated().map { .received($0, $1) }
    }

    @Test("it pauses itself, and the batch that shows it spends no receive")
    func pauses() async throws {
        let control = fixture.transformControl()
        let step = try obedientStep(fixture, control)
        let first = await step.process(batch("no room for 1", "no room for 22", "ok", "no room for 3", "no room for 4"))
        #expect(first.map(\.word) == ["dead", "dead", "passed", "dead", "dead"])
        #expect(control.paused == nil)
        let second = await step.process(batch("ok", "no room for 5", "no room for 6", "throw"))
        #expect(second.map(\.word) == ["passed", "release", "release", "release"])
        #expect(control.paused?.reason == "75% of the last 8 records failed alike: no room for 6")
        #expect(control.paused?.automatic == true)
    }

    @Test("the pause gives the start of a long reason")
    func longReason() async throws {
        let control = fixture.transformControl()
        let step = try obedientStep(fixture, control)
        let long = "no " + String(repeating: "x", count: 3_000)
        _ = await step.process((0..<6).map { .received($0, long) })
        #expect(control.paused?.reason == "75% of the last 8 records failed alike: \(long.prefix(300))…")
    }

    @Test("failures of different causes do not pause it, and neither does what was not decided about")
    func different() async throws {
        let control = fixture.transformControl()
        let step = try obedientStep(fixture, control)
        for _ in 0..<5 { _ = await step.process(batch("no room", "no time", "throw", "retry")) }
        #expect(control.paused == nil)
        let quiet = try fixture.transform(ScriptedInvoker { _ in .cutShort(answered: []) }, control: control)
        for _ in 0..<5 { _ = await quiet.process(batch("a", "b", "c", "d")) }
        #expect(control.paused == nil)
    }

    @Test("successes in between keep it going: only the last records count")
    func mixed() async throws {
        let control = fixture.transformControl()
        let step = try obedientStep(fixture, control)
        for _ in 0..<20 { _ = await step.process(batch("throw", "throw", "ok", "throw", "filter", "ok")) }
        #expect(control.paused == nil)
    }

    @Test("with pause_when: never it goes on")
    func never() async throws {
        let fixture = StepFixture { $0.transform?.pauseWhen = nil }
        let control = fixture.transformControl()
        let step = try obedientStep(fixture, control)
        let records = (0..<300).map { ReceivedMessage.received($0, "throw") }
        #expect(await step.process(records).allSatisfy { $0.word == "retry" })
        #expect(control.paused == nil)
    }

    @Test("by default it pauses at the 180th failure of one kind among 200 records")
    func usual() async throws {
        let fixture = StepFixture()
        let control = fixture.transformControl()
        let step = try obedientStep(fixture, control)
        #expect(await step.process((0..<179).map { .received($0, "throw") }).allSatisfy { $0.word == "retry" })
        #expect(control.paused == nil)
        #expect(await step.process(batch("throw")).map(\.word) == ["release"])
        #expect(control.paused?.reason == "90% of the last 200 records failed alike: it broke")
    }

    @Test("batches that were under way spend nothing either; after a resume nothing from before counts")
    func resumed() async throws {
        let control = fixture.transformControl()
        let step = try obedientStep(fixture, control)
        let six = batch("throw", "throw", "throw", "throw", "throw", "throw")
        #expect(await step.process(six).map(\.word) == Array(repeating: "release", count: 6))
        #expect(await step.process(batch("throw", "ok")).map(\.word) == ["release", "passed"])
        control.resume()
        #expect(await step.process(batch("throw", "throw")).map(\.word) == ["retry", "retry"])
        #expect(control.paused == nil)
        #expect(await step.process(six).map(\.word) == Array(repeating: "release", count: 6))
        #expect(control.paused != nil)
    }

    @Test("a batch that begins before the pause is made is no resume: what fails in it spends nothing")
    func beginsBetween() async throws {
        let control = fixture.transformControl()
        let likeness = AlikeFailures(PauseWhen(75, of: 8))
        let failure = Failure(reason: "it broke", type: "t", step: "transform", time: fixture.clock.now)
        let six = Array(repeating: Disposition.retry(after: .zero, failure), count: 6)
        likeness.begin(resumes: control.resumes)
        #expect(likeness.note(six) != nil)
        // The step has not paused yet, and another worker goes on.
        likeness.begin(resumes: control.resumes)
        #expect(likeness.note([six[0]]) != nil)
        control.pause(reason: "it broke", automatic: true)
        control.resume()
        likeness.begin(resumes: control.resumes)
        #expect(likeness.note([six[0]]) == nil)
    }

    @Test("the window counts what a plain list of the last records would", arguments: 1...40 as ClosedRange<Int>)
    func window(seed: Int) {
        let size = seed % 9 + 1
        var window = LikenessWindow(size)
        var all: [String?] = []
        for step in 0..<200 {
            let roll = (seed &* 2_654_435_761 &+ step &* 40_503 &+ step &* step &* 97) >> 7
            let fingerprint: String? = roll % 3 == 0 ? nil : roll % 2 == 0 ? "a" : "b"
            all.append(fingerprint)
            let expected = fingerprint == nil ? 0 : all.suffix(size).count { $0 == fingerprint }
            #expect(window.push(fingerprint) == expected)
        }
    }
}
