import Sluice
import SluiceEmbedded
import SluiceTesting
import Testing

@Suite("Dead letters of the embedded engine")
struct DeadLetterTests {
    private func bench(_ reasons: [String]) async throws -> StepBench {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample()
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        for (index, reason) in reasons.enumerated() {
            engine.clock.advance(by: .seconds(1))
            try await bench.intake.put("\(index)")
            try await bench.settle(bench.receive(), .dead(bench.failure(reason)))
        }
        return bench
    }

    @Test("groups have count, span, latest reason and version")
    func groups() async throws {
        let bench = try await bench(["cents is null in row 1", "cents is null in row 2", "no day"])
        let groups = try await bench.fixture.control.deadLetterGroups(pipeline: "orders")
        #expect(groups.map(\.count) == [2, 1])
        #expect(groups.map(\.reason) == ["cents is null in row 2", "no day"])
        #expect(groups.map(\.version) == ["9f3c1", "9f3c1"])
        #expect(groups[0].last - groups[0].first == .seconds(1))
    }

    @Test("groups follow what dies later and what is taken out, whenever somebody looked")
    func groupsFollow() async throws {
        let bench = try await bench(["one", "two", "two"])
        let control = await bench.fixture.control
        #expect(try await control.deadLetterGroups(pipeline: nil).map(\.count) == [2, 1])
        let latest = try #require(try await bench.deadLetters().last)
        _ = try await control.discard(DeadLetterSelection(ids: [latest.id.description]), reason: "a test", who: "ops")
        try await bench.intake.put("a", "b")
        try await bench.settle(bench.receive(), .dead(bench.failure("three")))
        for _ in 0..<2 {
            let groups = try await bench.fixture.control.deadLetterGroups(pipeline: nil)
            #expect(groups.map(\.reason) == ["three", "one", "two"])
            #expect(groups.map(\.count) == [2, 1, 1])
            #expect(groups.last?.last != latest.history.latest?.time)
            try await bench.fixture.restart()
        }
    }

    @Test("a redrive with a limit sends the oldest")
    func limit() async throws {
        let bench = try await bench(["one", "one", "one"])
        let report = try await bench.fixture.control.redrive(DeadLetterSelection(), RedriveOptions(limit: 2))
        #expect(report.redriven == 2)
        #expect(try await bench.receive().texts == ["0", "1"])
        #expect(try await bench.deadLetters().map(\.body) == [Array("2".utf8)])
    }

    @Test("a redrive may replace the body of one, and of one only")
    func body() async throws {
        let bench = try await bench(["one", "two"])
        let options = RedriveOptions(body: Array("mended".utf8))
        await #expect(throws: ControlError.self) {
            try await bench.fixture.control.redrive(DeadLetterSelection(), options)
        }
        #expect(try await bench.deadLetters().count == 2)
        _ = try await bench.fixture.control.redrive(DeadLetterSelection(reason: "two"), options)
        #expect(try await bench.receive().texts == ["mended"])
    }

    @Test("a new body is refused as one that is sent is", arguments: [0, 2_000_000])
    func newBodyTooLarge(_ length: Int) async throws {
        let bench = try await bench(["one"])
        let options = RedriveOptions(body: Array(repeating: 32, count: length))
        await #expect(throws: ControlError.self) {
            try await bench.fixture.control.redrive(DeadLetterSelection(), options)
        }
        #expect(try await bench.deadLetters().map(\.body) == [Array("0".utf8)])
    }

    @Test("nobody sends to a pipeline's inner queues; the error names its intake queue")
    func innerQueues() async throws {
        let bench = try await bench([])
        for queue in ["orders-in-dlq", "orders-sqlite", "orders-sqlite-dlq"] {
            let error = await #expect(throws: ControlError.self) {
                try await bench.fixture.control.send([NewMessage(body: Bytes("a"))], to: queue)
            }
            #expect(error?.description.contains("'orders-in'") == true, "\(String(describing: error))")
        }
    }

    @Test("what was sent to a queue before it became one of dead letters is shown, redriven and discarded")
    func sentBefore() async throws {
        let engine = try await TemporaryEngine()
        for text in ["a", "b"] {
            _ = try await engine.control.send([NewMessage(body: Bytes(text))], to: "orders-in-dlq")
        }
        let pipeline = Pipeline.sample()
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        let groups = try await engine.control.deadLetterGroups(pipeline: "orders")
        #expect(groups.map(\.count) == [2])
        #expect(groups.map(\.reason) == ["it was sent here; it did not die"])
        let letters = try await bench.deadLetters()
        #expect(letters.map(\.source) == ["orders-in", "orders-in"])
        let first = DeadLetterSelection(ids: [letters[0].id.description], fingerprint: groups[0].fingerprint)
        #expect(try await engine.control.redrive(first, RedriveOptions()).redriven == 1)
        #expect(try await bench.receive().texts == ["a"])
        #expect(try await engine.control.discard(DeadLetterSelection(), reason: "a test", who: "ops") == 1)
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("a record that is mended enters as one that is sent: with the group that its definition asks for")
    func mended() async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample(.fifo, group: "$.c")
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        try await bench.intake.put(#"{"n":1}"#)
        let identity = try #require(try await bench.deadLetters().first?.identity)
        let still = try await engine.control.redrive(DeadLetterSelection(), RedriveOptions())
        #expect(still == RedriveReport(redriven: 1, diedAgain: 1, stopped: false))
        #expect(try await bench.deadLetters().map(\.history.count) == [2])
        #expect(try await bench.receive().isEmpty)
        let options = RedriveOptions(body: Array(#"{"n":1,"c":7}"#.utf8))
        let report = try await engine.control.redrive(DeadLetterSelection(), options)
        #expect(report == RedriveReport(redriven: 1, diedAgain: 0, stopped: false))
        let batch = try await bench.receive()
        #expect(batch.map(\.lineage.group) == ["7"])
        #expect(batch.map(\.lineage.identity) == [identity])
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("numbers that make no sense are refused, not followed", arguments: [0, -1, .nan, .infinity, 1e300, 1e-300])
    func nonsense(_ rate: Double) async throws {
        let bench = try await bench(["one"])
        await #expect(throws: ControlError.self) {
            try await bench.fixture.control.redrive(DeadLetterSelection(), RedriveOptions(rate: rate))
        }
        await #expect(throws: ControlError.self) {
            try await bench.fixture.control.redrive(DeadLetterSelection(), RedriveOptions(limit: -1))
        }
        #expect(try await bench.deadLetters().count == 1)
    }

    @Test("what is discarded is gone after a restart, and the ledger says how many")
    func discard() async throws {
        let bench = try await bench(["one", "two", "two"])
        let count = try await bench.fixture.control.discard(
            DeadLetterSelection(reason: "two"), reason: "test currency", who: "ops")
        #expect(count == 2)
        try await bench.fixture.restart()
        #expect(try await bench.deadLetters().map(\.history.latest?.reason) == ["one"])
        let status = try await bench.fixture.control.status(pipeline: "orders")
        #expect(status.discrepancies == [])
        #expect(status.pipelines.first?.dead == 1)
    }

    @Test("a redrive to a queue with another end of the pipeline goes back where it died")
    func delivery() async throws {
        let bench = try await bench([])
        try await bench.intake.put("a")
        let batch = try await bench.receive()
        try await bench.settle(batch, bench.passed(batch[0], "out"))
        let outputs = try await bench.delivery.receiveNow(1, as: .step)
        _ = try await bench.fixture.settler.settle(
            Settlement(
                queue: bench.pipeline.deliveryQueue, step: bench.pipeline.deliveryStep, of: outputs,
                dispositions: [.dead(bench.failure())], ordered: false), receiving: nil)
        _ = try await bench.fixture.control.redrive(DeadLetterSelection(), RedriveOptions())
        let again = try await bench.delivery.receiveNow(1, as: .step)
        #expect(again.texts == ["out"])
        #expect(again.map(\.lineage.identity) == outputs.map(\.lineage.identity))
        #expect(try await bench.fixture.control.status(pipeline: nil).discrepancies == [])
    }
}
