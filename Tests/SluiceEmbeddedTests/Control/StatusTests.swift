import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("The status of the engine")
struct StatusTests {
    @Test("a step's code is known since when, with the one before, after its definition came again and nothing runs")
    func code() async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample()
        try await engine.apply(pipeline)
        let step = pipeline.transformStep
        let first = engine.clock.now
        try await engine.engine.note(version: "71ab0", of: step)
        #expect(try await code(engine) == CodeVersion(version: "71ab0", since: first, former: nil))

        engine.clock.advance(by: .hours(2))
        let second = engine.clock.now
        try await engine.restart()
        try await engine.engine.note(version: "9f3c1", of: step)
        engine.clock.advance(by: .hours(1))
        try await engine.restart()
        try await engine.engine.note(version: "9f3c1", of: step)
        #expect(try await code(engine) == CodeVersion(version: "9f3c1", since: second, former: "71ab0"))
    }

    private func code(_ engine: TemporaryEngine) async throws -> CodeVersion? {
        try await engine.control.status(pipeline: "orders").pipelines.first?.steps.first?.code
    }

    @Test("the most frequent reason has its count, and the oldest dead letter its end")
    func dead() async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample()
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        let died = engine.clock.now
        for reason in ["no such day", "the quantity is 1", "the quantity is 2"] {
            try await bench.intake.put(reason)
            try await bench.settle(bench.receive(), .dead(bench.failure(reason)))
            engine.clock.advance(by: .hours(1))
        }
        let report = try #require(try await engine.control.status(pipeline: nil).pipelines.first)
        #expect(report.dead == 3)
        #expect(report.deadReason == "the quantity is 2")
        #expect(report.deadReasonCount == 2)
        #expect(report.deadExpires == died + pipeline.deadLetters.keep)
    }

    @Test("a folder of this version is up to date, and is not touched while a process has it")
    func upgrade() async throws {
        let engine = try await TemporaryEngine()
        #expect(throws: ControlError.self) { try DataUpgrade.run(inFolder: engine.path) }
        await engine.close()
        #expect(try DataUpgrade.run(inFolder: engine.path) == [])
        try await engine.start()
    }
}
