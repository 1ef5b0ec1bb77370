import Dispatch
import Sluice
import SluiceTesting
import Testing

@Suite("A function's timeout", .timeLimit(.minutes(4)))
struct FunctionHostTests {
    private let fixture = StepFixture { $0.transform?.timeout = .milliseconds(100) }

    private func host(mostAbandoned: Int = 8) -> FunctionHost {
        FunctionHost(
            name: "orders", grace: .milliseconds(50), mostAbandoned: mostAbandoned, logger: fixture.logger)
    }

    @Test("a function that ignores its timeout is reported, left behind, and the next batch still runs")
    func ignoredTimeout() async throws {
        let gate = DispatchSemaphore(value: 0)
        let step = try fixture.transform(
            Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in
                if record.body.text == "block" { gate.wait() }
                return [record.body]
            }, host: host())
        let answers = await step.process([.received(1, "block")])
        #expect(answers.map(\.word) == ["retry"])
        #expect(answers[0].failure?.reason == "timeout after 0.1 s")
        #expect(answers[0].failure?.type == "timeout")
        let report = fixture.lines.all.first { $0.hasPrefix("error: A function ignores its cancellation") }
        #expect(report?.contains("function=f") == true)
        #expect(report?.contains("r1") == true)
        #expect(await step.process([.received(2)]).map(\.word) == ["passed"])
        gate.signal()
        try await fixture.lines.wait(for: "has returned")
    }

    @Test("the record that was running when time was up is called alone, its neighbours keep their answers")
    func suspectIsIsolated() async throws {
        let calls = Calls()
        let step = try fixture.transform(
            Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in
                calls.add([record.body.text])
                if record.body.text == "3" { try await Task.sleep(for: .seconds(60)) }
                return [record.body]
            }, host: host())
        let answers = await step.process((0..<9).map { .received($0) })
        #expect(answers.enumerated().allSatisfy { $1.word == ($0 == 3 ? "retry" : "passed") })
        #expect(calls.flat == ["0", "1", "2", "3", "3", "4", "5", "6", "7", "8"])
    }

    @Test("a loop that checks its deadline ends in time")
    func checkDeadline() async throws {
        let step = try fixture.transform(
            Function("f") { (_: RawRecord, context) -> Outcome<Bytes> in
                while true { try context.checkDeadline() }
            }, host: host())
        let answers = await step.process([.received(1)])
        #expect(answers[0].failure?.type == "timeout")
        #expect(!fixture.lines.all.contains { $0.contains("ignores its cancellation") })
    }

    @Test("functions that block hold up nobody else, however many there are")
    func blockingStarvesNobody() async throws {
        let gate = DispatchSemaphore(value: 0)
        let host = host()
        let long = StepFixture { $0.transform?.timeout = .seconds(50) }
        let step = try long.transform(
            Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in
                if record.body.text == "block" { gate.wait() } else { gate.signal() }
                return [record.body]
            }, host: host)
        let words = await withTaskGroup(of: [String].self) { group in
            for number in 0..<6 { group.addTask { await step.process([.received(number, "block")]).map(\.word) } }
            for number in 6..<12 { group.addTask { await step.process([.received(number)]).map(\.word) } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(words == Array(repeating: "passed", count: 12))
    }

    @Test("too many functions that do not return pause the step instead of being joined by more")
    func tooManyAbandoned() async throws {
        let gate = DispatchSemaphore(value: 0)
        let control = fixture.transformControl()
        let step = try fixture.transform(
            Function("f") { (_: RawRecord, _) -> Outcome<Bytes> in
                gate.wait()
                return []
            }, control: control, host: host(mostAbandoned: 2))
        #expect(await step.process([.received(1)]).map(\.word) == ["retry"])
        #expect(await step.process([.received(2)]).map(\.word) == ["retry"])
        #expect(await step.process([.received(3)]).map(\.word) == ["release"])
        #expect(control.paused?.reason?.contains("2 invocations of f ignore their timeout") == true)
        for _ in 0..<2 { gate.signal() }
    }

    @Test(
        "work that our own shutdown cuts short is released, and what was answered before keeps its answer",
        arguments: [([0, 1, 2], ["passed", "release", "release"]), ([1], ["release"])])
    func cutShort(records: [Int], expected: [String]) async throws {
        let started = Signal()
        let long = StepFixture { $0.transform?.timeout = .seconds(50) }
        let step = try long.transform(
            Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in
                if record.body.text != "0" {
                    started.notify()
                    try await Task.sleep(for: .seconds(60))
                }
                return [record.body]
            }, host: host())
        let answers = try await withThrowingTaskGroup(of: [Disposition]?.self) { group in
            group.addTask { await step.process(records.map { .received($0) }) }
            group.addTask {
                try await started.wait(after: 0)
                return nil
            }
            var answers: [Disposition] = []
            for try await answer in group {
                if let answer { answers = answer } else { group.cancelAll() }
            }
            return answers
        }
        #expect(answers.map(\.word) == expected)
    }
}
