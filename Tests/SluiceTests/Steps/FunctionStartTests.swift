import SluiceTesting
import Testing

@testable import Sluice

@Suite("A function that fails at its start")
struct FunctionStartTests {
    private let fixture = StepFixture()

    @Sendable private static func notStarted(_ records: [RawRecord]) -> InvocationResult {
        .notStarted(Problem(reason: "no module named 'orders'", type: "Runtime.ImportModuleError", remedy: .retry))
    }

    @Sendable private static func answered(_ records: [RawRecord]) -> InvocationResult {
        .answered(records.map { .outputs([$0.body]) })
    }

    @Sendable private static func failed(_ records: [RawRecord]) -> InvocationResult {
        .failed(Problem(reason: "it crashed", type: "Runtime.ExitError", remedy: .retry), answered: [])
    }

    @Test("no record pays for it: all are released, for longer each time, and the third in a row pauses the step")
    func pauses() async throws {
        let control = fixture.transformControl()
        let step = try fixture.transform(ScriptedInvoker(Self.notStarted), control: control)
        let batch = (0..<2).map { ReceivedMessage.received($0) }
        #expect(await step.process(batch) == [.release(after: .seconds(1)), .release(after: .seconds(1))])
        fixture.clock.advance(by: .seconds(1))
        #expect(await step.process(batch) == [.release(after: .seconds(2)), .release(after: .seconds(2))])
        fixture.clock.advance(by: .seconds(2))
        #expect(control.paused == nil)
        #expect(await step.process(batch) == [.release(), .release()])
        #expect(control.paused?.reason == "the function fails at its start: no module named 'orders'")
        #expect(control.paused?.automatic == true)
    }

    @Test("the step receives nothing meanwhile, and what failed beside it at the same time is not counted again")
    func holds() async throws {
        let control = fixture.transformControl()
        let step = try fixture.transform(ScriptedInvoker(Self.notStarted), control: control)
        #expect(control.admitNow(upTo: 10) != nil)
        for _ in 0..<4 { #expect(await step.process([.received(1)]) == [.release(after: .seconds(1))]) }
        #expect(control.paused == nil)
        #expect(control.admitNow(upTo: 10) == nil)
        fixture.clock.advance(by: .seconds(1))
        #expect(control.admitNow(upTo: 10) != nil)
    }

    @Test("an invocation that started begins the count anew, also one that failed")
    func startsAnew() async throws {
        let control = fixture.transformControl()
        let step = try fixture.transform(
            ScriptedInvoker(
                Self.notStarted, Self.notStarted, Self.answered, Self.notStarted, Self.notStarted, Self.failed,
                Self.notStarted, Self.notStarted),
            control: control)
        var answers: [Disposition] = []
        for _ in 0..<8 {
            answers += await step.process([.received(1)])
            fixture.clock.advance(by: .seconds(2))
        }
        #expect(
            answers.map(\.word) == [
                "release", "release", "passed", "release", "release", "retry", "release", "release",
            ])
        #expect(answers[6] == .release(after: .seconds(1)))
        #expect(control.paused == nil)
    }

    @Test("whoever resumes the step gives it three more starts")
    func resumed() async throws {
        let control = fixture.transformControl()
        let step = try fixture.transform(ScriptedInvoker(Self.notStarted), control: control)
        for _ in 0..<3 {
            _ = await step.process([.received(1)])
            fixture.clock.advance(by: .seconds(2))
        }
        #expect(control.paused != nil)
        control.resume()
        #expect(await step.process([.received(1)]) == [.release(after: .seconds(1))])
        #expect(control.paused == nil)
    }

    @Test("what was decided before keeps its decision")
    func partly() async throws {
        let step = try fixture.transform(ScriptedInvoker(Self.failed, Self.answered, Self.notStarted))
        let answers = await step.process((0..<4).map { .received($0) })
        #expect(answers.map(\.word) == ["passed", "passed", "release", "release"])
        #expect(answers[3] == .release(after: .seconds(1)))
    }

    @Test("a record that was not confirmed is done, without outputs")
    func unconfirmed() async throws {
        let step = try fixture.transform(ScriptedInvoker { $0.isEmpty ? .answered([]) : .answered([.unconfirmed]) })
        #expect(await step.process([.received(1)]) == [.unconfirmed])
    }
}
