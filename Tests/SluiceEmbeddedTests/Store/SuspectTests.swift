import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("Suspects of several queues")
struct SuspectTests {
    @Test("what ends the process is dead after its receives, and nothing of another queue is", arguments: [1, 3])
    func killer(_ innocents: Int) async throws {
        let engine = try await TemporaryEngine()
        let (killers, others) = (bench(engine, "killers"), bench(engine, "others"))
        for pipeline in [killers.pipeline, others.pipeline] { try await engine.apply(pipeline) }
        try await killers.intake.put("kills", "waits")
        try await others.intake.put((0..<innocents).map { "\($0)" })
        var deaths = 0
        while try await killers.deadLetters().isEmpty, deaths < 12 {
            // The other queue is asked first: it has something out whenever it may.
            let innocent = try await others.receive()
            let batch = try await killers.receive()
            if batch.texts.contains("kills") {
                deaths += 1
                try await engine.restart()
            } else {
                try await killers.settle(batch, .filtered)
                try await others.settle(innocent, .filtered)
            }
        }
        // Of all pipelines.
        #expect(try await killers.deadLetters().map(\.body) == [Array("kills".utf8)])
        #expect(deaths <= 5, "two to find it, and three receives")
        for _ in 0..<innocents { try await others.settle(others.receive(), .filtered) }
        #expect(try await others.report(others.pipeline.intakeQueue).depth.messages == 0)
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("one that nobody has asked for again is not out")
    func waiting() async throws {
        let engine = try await TemporaryEngine()
        let (killers, others) = (bench(engine, "killers"), bench(engine, "others"))
        for pipeline in [killers.pipeline, others.pipeline] { try await engine.apply(pipeline) }
        try await others.intake.put("waits")
        for _ in 0..<2 {
            #expect(try await others.receive().count == 1)
            try await engine.restart()
        }
        try await killers.intake.put("kills")
        for _ in 0..<4 {
            #expect(try await killers.receive().texts == ["kills"])
            try await engine.restart()
        }
        #expect(try await killers.receive().isEmpty)
        #expect(try await killers.deadLetters().map(\.body) == [Array("kills".utf8)])
        #expect(try await others.receive().map(\.receiveCount) == [2], "it was alone once when the process ended")
    }

    private func bench(_ engine: TemporaryEngine, _ name: String) -> StepBench {
        StepBench(
            fixture: engine,
            pipeline: Pipeline(
                name: name, source: .queue("\(name)-in"), queue: QueuePlan(settings: QueueSettings(maxReceiveCount: 3)),
                deliver: Deliver(to: .sqlite("shop.db"), table: name)))
    }
}
