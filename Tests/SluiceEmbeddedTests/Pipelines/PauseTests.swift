import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("A step's pause")
struct PauseTests {
    private func paused(_ engine: TemporaryEngine) async throws -> [String: String?] {
        let steps = try await engine.control.status(pipeline: nil).pipelines.flatMap(\.steps)
        return steps.reduce(into: [:]) { paused, step in
            if case .paused(_, let reason) = step.state { paused["\(step.name)"] = reason }
        }
    }

    @Test("comes along when the pipeline is renamed")
    func pipelineRenamed() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        _ = try await engine.control.pause(pipeline: "orders", step: nil, reason: "an upgrade")
        await engine.close()
        engine.forgetPipelines()
        try await engine.start()
        var renamed = Pipeline.sample()
        renamed.name = "shop-orders"
        try await engine.apply(renamed)
        #expect(
            try await paused(engine) == ["shop-orders/transform": "an upgrade", "shop-orders/sqlite": "an upgrade"])
        try await engine.restart()
        #expect(try await paused(engine).count == 2)
    }

    @Test("comes along when its delivery is renamed")
    func deliveryRenamed() async throws {
        let engine = try await TemporaryEngine()
        var pipeline = Pipeline.sample()
        try await engine.apply(pipeline)
        _ = try await engine.control.pause(pipeline: "orders", step: "sqlite", reason: nil)
        pipeline.deliver.name = "shop"
        try await engine.apply(pipeline)
        #expect(try await paused(engine) == ["orders/shop": nil])
    }

    @Test("knows the code that could not be started, until it is resumed")
    func brokenCode() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        let step = Pipeline.sample().transformStep
        let pause = StepControl.Pause(
            since: engine.clock.now, reason: "no module", automatic: true, brokenCode: "9f3c1")
        try await engine.engine.keep(pause, of: step)
        try await engine.restart()
        #expect(try await engine.engine.pause(of: step)?.brokenCode == "9f3c1")
        _ = try await engine.control.resume(pipeline: "orders", step: nil)
        _ = try await engine.control.pause(pipeline: "orders", step: nil, reason: "by hand")
        #expect(try await engine.engine.pause(of: step)?.brokenCode == nil)
    }
}

@Suite("What a reload asks of the store")
struct RefusalTests {
    @Test("a pipeline that holds messages cannot go, and the refusal names the queues; nothing is changed by asking")
    func removal() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        try await engine.queue(named: "orders-in").put("a", "b")
        let refusals = try await engine.engine.refusals(of: [], removing: ["orders"], among: [])
        #expect(refusals.count == 1)
        #expect(refusals.first?.contains("'orders-in' 2") == true)
        #expect(try await engine.control.status(pipeline: "orders").pipelines.count == 1)
        _ = try await engine.queue(named: "orders-in").delete(engine.queue(named: "orders-in").receiveNow().receipts)
        #expect(try await engine.engine.refusals(of: [], removing: ["orders"], among: []) == [])
    }

    @Test("a queue goes over to another pipeline only when the one that has it goes, too")
    func taken() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        var other = Pipeline.sample()
        other.name = "others"
        let both = try await engine.engine.refusals(of: [other], removing: [], among: ["orders", "others"])
        #expect(both.count == 1)
        #expect(try await engine.engine.refusals(of: [other], removing: ["orders"], among: ["others"]) == [])
    }

    @Test("all refusals are told at once")
    func all() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        try await engine.queue(named: "orders-in").put("a")
        var fifo = Pipeline.sample(.fifo)
        fifo.deliver.name = "shop"
        var second = Pipeline.sample()
        second.name = "second"
        let refusals = try await engine.engine.refusals(of: [fifo, second], removing: [], among: ["orders", "second"])
        #expect(refusals.count == 2)
    }
}
