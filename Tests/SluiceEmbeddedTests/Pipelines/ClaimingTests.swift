import Foundation
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("A queue that was filled before its definition")
struct ClaimingTests {
    private func fill(_ engine: TemporaryEngine, _ texts: [String]) async throws -> [MessageID] {
        var ids: [MessageID] = []
        for text in texts {
            let results = try await engine.control.send([NewMessage(body: Bytes(text))], to: "orders-in")
            ids += results.compactMap { if case .stored(let id, _) = $0 { id } else { nil } }
        }
        return ids
    }

    @Test("becomes the pipeline's, with its ids, its order and its ledger")
    func standard() async throws {
        let engine = try await TemporaryEngine()
        let ids = try await fill(engine, ["a", "b", "c"])
        let sent = engine.clock.now
        engine.clock.advance(by: .hours(1))
        try await engine.apply(.sample(keep: .days(1)))
        let received = try await engine.queue(named: "orders-in").receiveNow()
        #expect(received.map(\.id) == ids)
        #expect(received.allSatisfy { $0.sent == sent })
        let queue = try #require(try await engine.control.queues(named: "orders-in").first)
        #expect(queue.type == .standard)
        #expect(queue.ledger == [.sent: 3])
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("gets the groups that the definition finds; what has none is a dead letter that says so")
    func fifo() async throws {
        let engine = try await TemporaryEngine()
        _ = try await fill(engine, [#"{"c":1,"n":1}"#, #"{"c":2,"n":2}"#, #"{"n":3}"#, #"{"c":1,"n":4}"#])
        try await engine.apply(.sample(.fifo, group: "$.c"))
        let intake = engine.queue(named: "orders-in")
        #expect(intake.name == "orders-in.fifo")
        let first = try await intake.receiveNow(1)
        #expect(first.texts == [#"{"c":1,"n":1}"#])
        #expect(first.map(\.lineage.group) == ["1"])
        #expect(try await intake.receiveNow().texts == [#"{"c":2,"n":2}"#])
        let letters = try await engine.control.deadLetters(DeadLetterSelection(), limit: 10)
        #expect(letters.map { String(decoding: $0.body, as: UTF8.self) } == [#"{"n":3}"#])
        #expect(letters.first?.history.latest?.reason.contains("$.c") == true)
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
        await engine.close()
        #expect(try await DataCheck.problems(inFolder: engine.path, logger: TemporaryEngine.quiet()) == [])
    }

    @Test("is claimed to the end when a batch of it is gone before")
    func batchGone() async throws {
        let engine = try await TemporaryEngine()
        _ = try await fill(engine, (1...4).map { #"{"c":\#($0),"n":\#($0)}"# })
        let unclaimed = engine.queue(named: "orders-in")
        let received = try await unclaimed.receiveNow(3)
        _ = try await unclaimed.delete([received[1].receipt])
        _ = try await unclaimed.extend([received[0].receipt, received[2].receipt], to: .zero)
        try await engine.apply(.sample(.fifo, group: "$.c"))
        let claimed = try await engine.queue(named: "orders-in").receiveNow()
        #expect(claimed.map(\.lineage.group) == ["1", "3", "4"])
        let report = try #require(try await engine.control.queues(named: "orders-in").first)
        #expect(report.ledger == [.sent: 4, .done: 0, .discarded: 1])
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("is claimed to the end after a death half way", arguments: Array(0..<8), StoreFaults.Moment.allCases)
    func halfWay(_ commit: Int, _ moment: StoreFaults.Moment) async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        let texts = (0..<5).map { #"{"c":\#($0 % 2),"n":\#($0)}"# }
        let ids = try await fill(engine, texts)
        plan.arm(commit: commit, moment)
        let pipeline = Pipeline.sample(.fifo, group: "$.c", keep: .days(1))
        do {
            try await engine.apply(pipeline)
        } catch QueueError.closed {
            // The death that this is about.
        }
        plan.disarm()
        try await engine.restart()
        try await engine.apply(pipeline)
        let received = try await engine.queue(named: "orders-in").receiveNow()
        #expect(Set(received.map(\.id)) == Set(ids))
        #expect(received.count == 5)
        for group in ["0", "1"] {
            let own = received.filter { $0.lineage.group == group }.texts
            #expect(own == texts.filter { own.contains($0) })
        }
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("what a client holds, or is delayed, is claimed as it is")
    func inFlight() async throws {
        let engine = try await TemporaryEngine()
        let unclaimed = engine.queue(named: "orders-in")
        _ = try await fill(engine, [#"{"c":1,"n":1}"#, #"{"c":1,"n":2}"#])
        let held = try await unclaimed.receiveNow(1)
        try await engine.apply(.sample(.fifo, group: "$.c"))
        let intake = engine.queue(named: "orders-in")
        #expect(try await intake.receiveNow() == [])
        #expect(try await intake.delete(held.receipts) == [.done])
        #expect(try await intake.receiveNow().texts == [#"{"c":1,"n":2}"#])
    }

    @Test("nobody's timer that ends while it is claimed does any harm")
    func timersMeanwhile() async throws {
        let engine = try await TemporaryEngine()
        _ = try await fill(engine, (0..<20).map { #"{"c":1,"n":\#($0)}"# })
        _ = try await engine.queue(named: "orders-in").receiveNow()
        // The timeouts end in the very turn that makes the queue a FIFO queue.
        await withTaskGroup(of: Void.self) { group in
            group.addTask { engine.clock.advance(by: .seconds(31)) }
            group.addTask { await #expect(throws: Never.self) { try await engine.apply(.sample(.fifo, group: "$.c")) } }
        }
        #expect(try await engine.queue(named: "orders-in").receiveNow(100).count == 20)
    }
}

@Suite("A definition that changed")
struct ChangedDefinitionTests {
    private func expectRefused(_ engine: TemporaryEngine, _ pipeline: Pipeline, _ text: String) async {
        let error = await #expect(throws: ControlError.self) { try await engine.apply(pipeline) }
        guard case .refused(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains(text), "\(reason)")
    }

    @Test("cannot change the type of a queue with messages; of an empty one it can")
    func type() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        try await engine.queue(named: "orders-in").put("a")
        await expectRefused(engine, .sample(.fifo), "standard")
        #expect(try await engine.queue(named: "orders-in").receiveNow().texts == ["a"])
        let batch = try await engine.queue(named: "orders-in").receiveNow()
        #expect(batch == [])
        engine.clock.advance(by: .seconds(30))
        _ = try await engine.queue(named: "orders-in").delete(engine.queue(named: "orders-in").receiveNow().receipts)
        try await engine.apply(.sample(.fifo))
        try await engine.queue(named: "orders-in").put("b", group: "g")
        #expect(try await engine.queue(named: "orders-in").receiveNow().texts == ["b"])
    }

    @Test("cannot leave a queue with messages behind")
    func renamed() async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample()
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        try await bench.intake.put("a")
        let batch = try await bench.receive()
        try await bench.settle(batch, bench.passed(batch[0], "out"))
        var renamed = pipeline
        renamed.deliver.name = "shop"
        await expectRefused(engine, renamed, "orders-sqlite")
        let outputs = try await bench.delivery.receiveNow(1, as: .step)
        _ = try await engine.settler.settle(
            Settlement(
                queue: pipeline.deliveryQueue, step: pipeline.deliveryStep, of: outputs,
                dispositions: [.delivered(.written)], ordered: false), receiving: nil)
        try await engine.apply(renamed)
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
        let report = try #require(try await engine.control.status(pipeline: "orders").pipelines.first)
        #expect(report.steps.map(\.name.step) == ["transform", "shop"])
        #expect(report.formerSteps.map(\.ledger[.written]) == [1])
        renamed.source = .queue("b-in")
        try await engine.apply(renamed)
        let again = StepBench(fixture: engine, pipeline: renamed)
        try await again.intake.put("b")
        try await again.settle(again.receive(), .filtered)
        try await engine.restart()
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
        #expect(try await again.stepLedger()[.filtered] == 1)
        await engine.close()
        #expect(try await DataCheck.problems(inFolder: engine.path, logger: TemporaryEngine.quiet()) == [])
    }

    /// A folder that somebody has run `orders` on, and nobody does now.
    private func used(_ settle: Bool) async throws -> TemporaryEngine {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        let bench = StepBench(fixture: engine, pipeline: .sample())
        try await bench.intake.put("a", "b")
        if settle { try await bench.settle(bench.receive(), .filtered) }
        await engine.close()
        engine.forgetPipelines()
        try await engine.start()
        return engine
    }

    private var shopOrders: Pipeline {
        var pipeline = Pipeline.sample()
        pipeline.name = "shop-orders"
        return pipeline
    }

    @Test("may name its pipeline anew once everything is done, and the ledger adds up for both")
    func pipelineRenamed() async throws {
        let engine = try await used(true)
        try await engine.apply(shopOrders)
        let bench = StepBench(fixture: engine, pipeline: shopOrders)
        try await bench.intake.put("c")
        try await bench.settle(bench.receive(), .filtered)
        let status = try await engine.control.status(pipeline: nil)
        #expect(status.discrepancies == [])
        #expect(status.pipelines.map(\.name) == ["shop-orders"])
        #expect(status.pipelines.first?.queues.first { $0.role == .intake }?.ledger == [.sent: 1, .done: 1])
        await engine.close()
        #expect(try await DataCheck.problems(inFolder: engine.path, logger: TemporaryEngine.quiet()) == [])
        engine.forgetPipelines()
        try await engine.start()
        try await engine.apply(.sample())
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
        #expect(try await StepBench(fixture: engine, pipeline: .sample()).stepLedger()[.filtered] == 2)
    }

    @Test("cannot name its pipeline anew while the former one holds messages")
    func pipelineRenamedEarly() async throws {
        let engine = try await used(false)
        await expectRefused(engine, shopOrders, "until it is idle")
        try await engine.apply(.sample())
        #expect(try await engine.queue(named: "orders-in").receiveNow().count == 2)
    }

    @Test("cannot take another pipeline's queue")
    func taken() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        var other = Pipeline.sample()
        other.name = "others"
        await expectRefused(engine, other, "orders")
    }
}
