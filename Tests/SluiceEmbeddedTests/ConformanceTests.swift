import Sluice
import SluiceTesting
import Testing

@Suite("The embedded engine keeps the contracts")
struct ConformanceTests {
    @Test("of a queue", arguments: MessageQueueConformance.checks)
    func queue(_ check: MessageQueueConformance.Check) async throws { try await check.run(TemporaryEngine()) }

    @Test("of a settler", arguments: SettlerConformance.checks)
    func settler(_ check: SettlerConformance.Check) async throws { try await check.run(TemporaryEngine()) }

    @Test("of the control", arguments: ControlConformance.checks)
    func control(_ check: ControlConformance.Check) async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(ControlConformance.pipeline)
        try await check.run(EmbeddedControlFixture(engine: engine))
    }
}

private struct EmbeddedControlFixture: ControlFixture {
    let engine: TemporaryEngine
    private var bench: StepBench { StepBench(fixture: engine, pipeline: ControlConformance.pipeline) }

    init(engine: TemporaryEngine) { self.engine = engine }

    var control: any Control { engine.control }

    func bury(_ count: Int, reason: String) async throws {
        try await bench.settle(bench.receive(count), .dead(bench.failure(reason)))
    }

    func drain() async throws {
        var batch = try await bench.receive(1_000)
        while !batch.isEmpty { batch = try await bench.settle(batch, .filtered, receiving: 1_000).next }
    }
}
