import Sluice
import SluiceEmbedded
import SluiceTesting
import Testing

@Suite("Raw copies and retention")
struct ArchiveTests {
    /// The text is in no file of the folder, neither as a raw copy nor in a queue, nor in what was overwritten.
    @Test("a raw copy is there until its time is over, and then nowhere", arguments: QueueType.allCases)
    func deleted(_ type: QueueType) async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample(type, keep: .days(2))
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        let secret = "the-customer-is-called-Marguerite"
        let filler = String(repeating: "x", count: 20_000)
        try await bench.intake.put(secret, filler + secret, group: "group-of-Marguerite")
        let batch = try await bench.receive()
        try await bench.settle(batch, bench.passed(batch[0], "out " + secret), bench.passed(batch[1], filler + secret))
        let outputs = try await bench.delivery.receiveNow(10, as: .step)
        let delivered = Settlement(
            queue: pipeline.deliveryQueue, step: pipeline.deliveryStep, of: outputs,
            dispositions: outputs.map { _ in .delivered(.written) }, ordered: type == .fifo)
        _ = try await engine.settler.settle(delivered, receiving: nil)

        try await passTime(.days(2) - .minutes(1), engine)
        #expect(try engine.contains(secret))
        try await engine.restart()
        try await passTime(.minutes(2), engine)
        try await passTime(.minutes(11), engine)
        #expect(try !engine.contains(secret))
        #expect(try !engine.contains("Marguerite"))
        await engine.close()
        #expect(try !engine.contains("Marguerite"))
    }

    @Test("a record that is delivered after its raw copy's time is nowhere either, later")
    func late() async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample(keep: .hours(1))
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        let secret = String(repeating: "y", count: 20_000) + "Marguerite"
        try await bench.intake.put(secret)
        try await passTime(.hours(2), engine)
        let batch = try await bench.receive()
        #expect(batch.texts == [secret], "the raw copy's end is not the record's")
        try await bench.settle(batch, .filtered)
        try await passTime(.minutes(11), engine)
        try await passTime(.minutes(11), engine)
        #expect(try !engine.contains("Marguerite"))
    }

    @Test("what expires in a dead-letter queue is nowhere either")
    func deadLetters() async throws {
        let engine = try await TemporaryEngine()
        var pipeline = Pipeline.sample()
        pipeline.deadLetters = DeadLetters(keep: .days(1))
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        try await bench.intake.put(String(repeating: "z", count: 20_000) + "Marguerite")
        try await bench.settle(bench.receive(), .dead(bench.failure()))
        try await passTime(.days(1) + .minutes(1), engine)
        try await passTime(.minutes(11), engine)
        #expect(try await bench.deadLetters() == [])
        #expect(try await bench.report("orders-in-dlq").ledger[.expired] == 1)
        #expect(try !engine.contains("Marguerite"))
    }

    @Test("retention stands still while the step is paused, over a restart too")
    func standstill() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample(.standard, keep: nil, QueueSettings(retention: .days(4))))
        let queue = engine.queue(named: "orders-in")
        try await queue.put("a")
        try await passTime(.days(3), engine)
        _ = try await engine.control.pause(pipeline: "orders", step: "transform", reason: nil)
        try await passTime(.days(10), engine)
        try await engine.restart()
        try await passTime(.days(10), engine)
        _ = try await engine.control.resume(pipeline: "orders", step: "transform")
        try await passTime(.hours(23), engine)
        #expect(try await engine.control.queues(named: "orders-in").first?.depth.ready == 1)
        try await passTime(.hours(2), engine)
        #expect(try await engine.control.queues(named: "orders-in").first?.depth.messages == 0)
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("retention stands still while the breaker is open")
    func breaker() async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample(.standard, keep: nil, QueueSettings(retention: .days(4)))
        try await engine.apply(pipeline)
        try await engine.queue(named: "orders-in").put("a")
        try await engine.engine.setBreaker(of: pipeline.transformStep, isOpen: true)
        try await passTime(.days(14), engine)
        try await engine.engine.setBreaker(of: pipeline.transformStep, isOpen: false)
        try await passTime(.days(3), engine)
        #expect(try await engine.queue(named: "orders-in").receiveNow().texts == ["a"])
    }

    /// A turn of the writer afterwards, so that what time brings has been done.
    private func passTime(_ duration: Duration, _ engine: TemporaryEngine) async throws {
        engine.clock.advance(by: duration)
        _ = try await engine.control.status(pipeline: nil)
        _ = try await engine.control.status(pipeline: nil)
    }
}
