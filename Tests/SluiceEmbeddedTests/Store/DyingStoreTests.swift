import Sluice
import SluiceEmbedded
import SluiceTesting
import Testing

@Suite("A store whose disk fails")
struct DyingStoreTests {
    @Test("answers everybody once: those of the failed turn, those who wait, and those who come later")
    func answers() async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        try await engine.apply(.sample())
        let queue = engine.queue(named: "orders-in")
        try await queue.put("a")
        plan.arm(commit: 0, .beforeCommit)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<10 {
                group.addTask { await #expect(throws: QueueError.self) { try await queue.put("\(number)") } }
                group.addTask { await #expect(throws: QueueError.self) { _ = try await queue.receiveNow() } }
                group.addTask {
                    await #expect(throws: QueueError.self) {
                        try await engine.queue(named: "orders-sqlite").receive(ReceiveRequest(limit: 1, wait: nil))
                    }
                }
            }
        }
        plan.disarm()
        try await engine.restart()
        #expect(try await engine.queue(named: "orders-in").receiveNow().texts == ["a"])
    }

    @Test("a full disk refuses what is new, settles what is there, and takes more when there is room")
    func fullDisk() async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        let pipeline = Pipeline.sample()
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        try await bench.intake.put("a", "b")
        plan.fillDisk(true)
        await #expect(throws: QueueError.diskFull(path: engine.path)) { try await bench.intake.put("c") }
        #expect(try await engine.control.status(pipeline: nil).diskFull)
        let batch = try await bench.receive()
        #expect(batch.texts == ["a", "b"])
        let result = try await bench.settle(batch, bench.passed(batch[0], "out"), .dead(bench.failure()))
        #expect(result.outcomes == [.settled, .settled])
        await #expect(throws: QueueError.diskFull(path: engine.path)) { try await bench.intake.put("c") }
        plan.fillDisk(false)
        try await bench.intake.put("c")
        let status = try await engine.control.status(pipeline: nil)
        #expect(!status.diskFull)
        #expect(status.discrepancies == [])
        try await engine.restart()
        #expect(try await bench.receive().texts == ["c"])
        #expect(try await bench.delivery.receiveNow().texts == ["out"])
    }

    @Test("a full disk lets a step store only what fits into a small window, until there is room")
    func heldBack() async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        let pipeline = Pipeline.sample()
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        let delivery = await bench.delivery
        #expect(delivery.room > 1_000)
        plan.fillDisk(true)
        await #expect(throws: QueueError.self) { try await bench.intake.put("a") }
        #expect(delivery.room == 1_000)
        try await delivery.waitForRoom()
        plan.fillDisk(false)
        _ = try await engine.control.status(pipeline: nil)
        #expect(delivery.room > 1_000)
    }

    @Test("a disk that fills up while a step holds messages loses none of its receipts")
    func heldMeanwhile() async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        let pipeline = Pipeline.sample(.fifo)
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        try await bench.intake.put("a", "b")
        let batch = try await bench.receive(1)
        plan.fillDisk(true)
        await #expect(throws: QueueError.self) { try await bench.intake.put("c") }
        #expect(try await bench.settle(batch, .filtered, receiving: 10).next.texts == ["b"])
    }
}
