import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("Settling what Split has read")
struct SplittingTests {
    private let pipeline: Pipeline
    private let engine: TemporaryEngine

    init() async throws {
        engine = try await TemporaryEngine()
        pipeline = .bucketSample()
        try await engine.apply(pipeline)
        try await engine.put("whatever", to: "drop", "a.jsonl")
    }

    private func receive(_ limit: Int = 1) async throws -> [ReceivedMessage] {
        try await engine.queue(named: pipeline.objectsQueue ?? "").receiveNow(limit, as: .step)
    }

    private func part(
        of message: ReceivedMessage, _ numbers: Range<Int64>, refusing refused: [Int64] = [], next: SourcePosition?
    ) throws -> SplitPart {
        let failure = Failure(reason: "line 3: no JSON", type: "not-json", step: "split", time: engine.clock.now)
        return SplitPart(
            object: try ObjectNotification(parsing: message.body).object, intake: pipeline.intakeQueue,
            records: numbers.filter { !refused.contains($0) }.map {
                SplitRecord(body: Bytes("{\"n\":\($0)}"), number: $0, offset: $0 * 8, line: $0 + 1)
            }, refused: refused.map { RefusedRecord(number: $0, body: Bytes("broken"), failure: failure) }, next: next)
    }

    @discardableResult
    private func settle(_ message: ReceivedMessage, _ part: SplitPart) async throws -> SettlementResult {
        try await engine.settler.settle(
            Settlement(
                queue: pipeline.objectsQueue ?? "", step: pipeline.splitStep, of: [message],
                dispositions: [.split(part)], ordered: pipeline.queue.type == .fifo),
            receiving: ReceiveRequest(limit: 1, holder: .step))
    }

    @Test("a part is stored with the position behind it: the next receive begins there, also after a death")
    func position() async throws {
        let first = try #require(try await receive().first)
        #expect(first.position == nil)
        let position = SourcePosition(offset: 24, number: 3, line: 4)
        let next = try await settle(first, part(of: first, 0..<3, next: position)).next
        #expect(next.map(\.position) == [position])
        #expect(next.map(\.receiveCount) == [1], "it begins anew with each part")
        try await engine.restart()
        let again = try #require(try await receive().first)
        #expect(again.position == position)
        #expect(again.isSuspect)
        try await settle(again, part(of: again, 3..<5, next: nil))
        #expect(try await receive().isEmpty)
        let records = try await engine.queue(named: pipeline.intakeQueue).receiveNow()
        #expect(records.texts == (0..<5).map { "{\"n\":\($0)}" })
        let object = try ObjectNotification(parsing: first.body).object
        #expect(records.map(\.lineage.identity) == (0..<5).map { RecordIdentity(object, $0) })
        let report = try await engine.control.status(pipeline: nil)
        #expect(report.discrepancies == [])
        let intake = try #require(report.pipelines.first?.queues.first { $0.role == .intake })
        #expect(intake.ledger == [.split: 5])
    }

    @Test("what is no record is a dead letter of the objects, counted; a redrive sends it to the intake queue")
    func refused() async throws {
        let message = try #require(try await receive().first)
        try await settle(message, part(of: message, 0..<4, refusing: [2], next: nil))
        let letters = try await engine.control.deadLetters(DeadLetterSelection(), limit: 10)
        let object = try ObjectNotification(parsing: message.body).object
        #expect(letters.map(\.identity) == [RecordIdentity(object, 2)])
        #expect(letters.map(\.queue) == ["orders-bucket-objects-dlq"])
        #expect(letters.first?.history.latest?.type == "not-json")
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
        let options = RedriveOptions(body: Array("{\"n\":2}".utf8))
        _ = try await engine.control.redrive(DeadLetterSelection(), options)
        let records = try await engine.queue(named: pipeline.intakeQueue).receiveNow()
        #expect(records.map(\.lineage.identity.text.last) == ["0", "1", "3", "2"])
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("a stale receipt stores nothing: what was read twice enters once")
    func stale() async throws {
        let message = try #require(try await receive().first)
        let part = try part(of: message, 0..<3, next: nil)
        try await settle(message, part)
        #expect(try await settle(message, part).outcomes == [.stale])
        #expect(try await engine.queue(named: pipeline.intakeQueue).receiveNow().count == 3)
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("an object that died half way goes on where it was when it is redriven")
    func redriven() async throws {
        let message = try #require(try await receive().first)
        let position = SourcePosition(offset: 24, number: 3, line: 4)
        let next = try #require(try await settle(message, part(of: message, 0..<3, next: position)).next.first)
        let failure = Failure(reason: "the disk", step: "split", time: engine.clock.now)
        _ = try await engine.settler.settle(
            Settlement(
                queue: pipeline.objectsQueue ?? "", step: pipeline.splitStep, of: [next],
                dispositions: [.dead(failure)], ordered: false), receiving: nil)
        try await engine.restart()
        _ = try await engine.control.redrive(DeadLetterSelection(), RedriveOptions())
        #expect(try await receive().map(\.position) == [position])
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("a record without the group that the definition asks for is dead where it enters")
    func withoutGroup() async throws {
        let fifo = Pipeline.bucketSample("sorted", .fifo, group: "$.g", backfill: true)
        try await engine.apply(fifo)
        let queue = engine.queue(named: fifo.objectsQueue ?? "")
        let message = try #require(try await queue.receiveNow(1, as: .step).first)
        let object = try ObjectNotification(parsing: message.body).object
        let records = [#"{"g":1}"#, #"{"n":1}"#].enumerated().map {
            SplitRecord(body: Bytes($1), number: Int64($0), offset: 0, line: 1)
        }
        let part = SplitPart(object: object, intake: fifo.intakeQueue, records: records, refused: [], next: nil)
        _ = try await engine.settler.settle(
            Settlement(
                queue: fifo.objectsQueue ?? "", step: fifo.splitStep, of: [message], dispositions: [.split(part)],
                ordered: true), receiving: nil)
        #expect(try await engine.queue(named: fifo.intakeQueue).receiveNow().map(\.lineage.group) == ["1"])
        let letters = try await engine.control.deadLetters(DeadLetterSelection(pipeline: "sorted"), limit: 10)
        #expect(letters.map(\.identity) == [RecordIdentity(object, 1)])
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }
}
