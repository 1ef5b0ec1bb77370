import Foundation
import GRDB
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("Replays")
struct ReplayTests {
    @Test(
        "messages come again, as records of their own, without their bytes being copied", arguments: QueueType.allCases)
    func messages(_ type: QueueType) async throws {
        let engine = try await TemporaryEngine()
        let bench = try await ReplayBench(engine, type)
        let texts = (0..<20).map { "\($0) " + String(repeating: "x", count: 10_000) }
        let ids = try await bench.send(texts)
        try await bench.process()
        let stored = try bench.storedBytes()
        let report = try await bench.replay()
        #expect(report.sent == 20)
        #expect(try bench.storedBytes() - stored < 1_000)
        try await engine.restart()
        let messages = try await bench.receive()
        #expect(messages.texts == texts)
        #expect(messages.map(\.lineage.identity) == ids.map { RecordIdentity($0).replayed(by: 1) })
        #expect(messages.map(\.lineage.identity.text) == ids.map { "\($0)~1" })
        #expect(messages.allSatisfy { $0.lineage.received < engine.clock.now })
        try await bench.filter(messages)
        let intake = try await bench.intakeReport()
        #expect(intake.ledger[.replayed] == 20)
        #expect(intake.depth.messages == 0)
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
        #expect(try await bench.replay().request.pipeline == "orders")
        #expect(try await bench.receive().map(\.lineage.identity) == ids.map { RecordIdentity($0).replayed(by: 2) })
    }

    @Test("in portions, each of which is where the one before ended, also after a restart")
    func portions() async throws {
        let engine = try await TemporaryEngine()
        let bench = try await ReplayBench(engine)
        for part in 0..<3 { try await bench.send((0..<5).map { "\(part * 5 + $0)" }) }
        try await bench.process()
        var report = try await engine.control.beginReplay(bench.request)
        var sent: [Int] = []
        while !report.isFinished {
            let before = report.sent
            report = try await engine.control.continueReplay(report.number, atMost: 2)
            sent.append(report.sent - before)
            if report.sent == 7 { try await engine.restart() }
        }
        #expect(sent == [2, 2, 1, 2, 2, 1, 2, 2, 1, 0])
        #expect(try await bench.receive().texts.count == 15)
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("a death at any moment sends nothing twice and leaves nothing out", arguments: 0..<8)
    func killed(commit: Int) async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        let bench = try await ReplayBench(engine)
        // Each in a chunk of its own.
        for number in 0..<5 { try await bench.send(["\(number)"]) }
        try await bench.process()
        let begun = try await engine.control.beginReplay(bench.request)
        plan.arm(commit: commit / 2, commit % 2 == 0 ? .beforeCommit : .afterCommit)
        do { _ = try await bench.finish(begun) } catch QueueError.closed {}
        plan.disarm()
        await engine.close()
        try await engine.start()
        let report = try await bench.finish(begun)
        #expect(report.sent == 5)
        #expect(try await bench.receive().texts == (0..<5).map { "\($0)" })
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("conditions, the range, and what still waits decide what is sent; what was redriven is sent once")
    func chosen() async throws {
        let engine = try await TemporaryEngine()
        let bench = try await ReplayBench(engine)
        try await bench.send([#"{"c":1,"n":0}"#])
        engine.clock.advance(by: .minutes(1))
        let from = engine.clock.now
        try await bench.send([#"{"c":1,"n":1}"#, #"{"c":2,"n":2}"#, "no JSON"])
        try await bench.process()
        try await bench.send([#"{"c":1,"n":3}"#])
        let message = try #require(try await bench.receive().first)
        try await bench.settle([message], .dead(Failure(reason: "x", step: "transform", time: engine.clock.now)))
        _ = try await engine.control.redrive(DeadLetterSelection(), RedriveOptions())
        try await bench.process()
        try await bench.send([#"{"c":1,"n":4}"#])
        engine.clock.advance(by: .minutes(1))
        let to = engine.clock.now
        try await bench.send([#"{"c":1,"n":5}"#])

        let conditions = [try ReplayCondition(parsing: "$.c=1")]
        let request = ReplayRequest(pipeline: "orders", from: from, to: to, conditions: conditions)
        let estimate = try await engine.control.estimate(request)
        #expect(estimate.count == 6, "messages, the redriven one twice, before conditions")
        let report = try await bench.finish(engine.control.beginReplay(request))
        #expect((report.sent, report.passedOver, report.waiting) == (2, 2, 1))
        let replayed = try await bench.receive().filter { $0.lineage.identity.replay > 0 }
        #expect(replayed.texts == [#"{"c":1,"n":1}"#, #"{"c":1,"n":3}"#])
    }

    @Test("a raw copy that a replay refers to stays until that is done with it")
    func held() async throws {
        let engine = try await TemporaryEngine()
        let bench = try await ReplayBench(engine)
        try await bench.send(["Marguerite " + String(repeating: "x", count: 20_000)])
        try await bench.process()
        _ = try await bench.replay()
        for _ in 0..<3 { try await bench.pass(.days(2)) }
        let message = try #require(try await bench.receive().first)
        #expect(message.body.text.hasPrefix("Marguerite"))
        let failure = Failure(reason: "x", step: "transform", time: engine.clock.now)
        try await bench.settle([message], .dead(failure))
        try await bench.pass(.minutes(11))
        #expect(try bench.archived() == 0)
        let letter = try #require(try await engine.control.deadLetters(DeadLetterSelection(), limit: 1).first)
        #expect(letter.body.count == 20_011, "a dead letter has bytes of its own")
        #expect(letter.identity.replay == 1)
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("what today's definition cannot take is a dead letter")
    func withoutGroup() async throws {
        let engine = try await TemporaryEngine()
        let bench = try await ReplayBench(engine)
        try await bench.send([#"{"g":"a"}"#, "{}"])
        try await bench.process()
        try await engine.apply(Pipeline.sample(.fifo, group: "$.g", keep: .days(1)))
        let sorted = ReplayBench(engine: engine, pipeline: .sample(.fifo, group: "$.g", keep: .days(1)))
        #expect(try await sorted.replay().sent == 2)
        #expect(try await sorted.receive().map(\.lineage.group) == ["a"])
        #expect(try await engine.control.deadLetters(DeadLetterSelection(), limit: 9).map(\.body) == [Array("{}".utf8)])
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("a pipeline without raw copies, and a number that is none, are refused")
    func refused() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        let request = ReplayRequest(pipeline: "orders", from: Timestamp(milliseconds: 0), to: engine.clock.now)
        await #expect(throws: ControlError.self) { try await engine.control.beginReplay(request) }
        await #expect(throws: ControlError.unknown("there is no replay 7")) {
            try await engine.control.continueReplay(7, atMost: 1)
        }
    }

    // MARK: Objects

    @Test("objects are announced again, overwritten ones too, and their records have the replay's number")
    func objects() async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.bucketSample()
        try await engine.apply(pipeline)
        let first = try await engine.put("1", to: "drop", "a").object
        let second = try await engine.put("2", to: "drop", "a").object
        let objects = engine.queue(named: pipeline.objectsQueue ?? "")
        let announced = try await objects.receiveNow(10)
        _ = try await objects.delete(announced.receipts)
        let waiting = try await engine.put("3", to: "drop", "b").object
        engine.clock.advance(by: .seconds(1))
        let bench = ReplayBench(engine: engine, pipeline: pipeline)
        let report = try await bench.replay()
        #expect((report.sent, report.waiting) == (2, 1))
        try await engine.restart()
        let messages = try await engine.queue(named: pipeline.objectsQueue ?? "").receiveNow(10, as: .step)
        let notifications = try messages.map { try ObjectNotification(parsing: $0.body) }
        #expect(notifications.map(\.object) == [waiting, first, second])
        #expect(notifications.map(\.replay?.number) == [nil, 1, 1])

        let position = SourcePosition(offset: 8, number: 1, line: 2)
        func part(_ number: Int64, next: SourcePosition?) -> SplitPart {
            let record = SplitRecord(body: Bytes("{}"), number: number, offset: 0, line: 1)
            return SplitPart(
                object: first, replay: 1, intake: pipeline.intakeQueue, records: [record], refused: [], next: next)
        }
        try await settle(messages[1], .split(part(0, next: position)), pipeline, engine)
        for other in [messages[0], messages[2]] { try await settle(other, .filtered, pipeline, engine) }
        try await engine.restart()
        let again = try await engine.queue(named: pipeline.objectsQueue ?? "").receiveNow(10, as: .step)
        let rest = try #require(again.first { $0.position != nil })
        #expect(rest.position == position)
        // Their time as raw copies is over, and the replay of the first one is still on its way.
        try await bench.pass(.days(3))
        #expect(try engine.blobs().count == 3)
        try await settle(rest, .split(part(1, next: nil)), pipeline, engine)
        let records = try await engine.queue(named: pipeline.intakeQueue).receiveNow()
        #expect(records.map(\.lineage.identity.text) == ["\(first)#0~1", "\(first)#1~1"])
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
        try await bench.pass(.minutes(1))
        #expect(try engine.blobs().count == 2)
    }

    private func settle(
        _ message: ReceivedMessage, _ disposition: Disposition, _ pipeline: Pipeline, _ engine: TemporaryEngine
    ) async throws {
        _ = try await engine.settler.settle(
            Settlement(
                queue: pipeline.objectsQueue ?? "", step: pipeline.splitStep, of: [message],
                dispositions: [disposition], ordered: false), receiving: nil)
    }
}

/// A pipeline whose raw copies are replayed.
private struct ReplayBench {
    let engine: TemporaryEngine
    let pipeline: Pipeline

    init(engine: TemporaryEngine, pipeline: Pipeline) {
        self.engine = engine
        self.pipeline = pipeline
    }

    init(_ engine: TemporaryEngine, _ type: QueueType = .standard) async throws {
        self.init(engine: engine, pipeline: .sample(type, keep: .days(1)))
        try await engine.apply(pipeline)
    }

    var request: ReplayRequest {
        ReplayRequest(pipeline: pipeline.name, from: Timestamp(milliseconds: 0), to: engine.clock.now)
    }

    @discardableResult
    func send(_ texts: [String]) async throws -> [MessageID] {
        try await engine.queue(named: pipeline.intakeQueue).put(texts)
    }

    func receive() async throws -> [ReceivedMessage] {
        try await engine.queue(named: pipeline.intakeQueue).receiveNow(100, as: .step)
    }

    func settle(_ messages: [ReceivedMessage], _ disposition: Disposition) async throws {
        _ = try await engine.settler.settle(
            Settlement(
                queue: pipeline.intakeQueue, step: pipeline.transformStep, of: messages,
                dispositions: messages.map { _ in disposition }, ordered: pipeline.queue.type == .fifo),
            receiving: nil)
    }

    func filter(_ messages: [ReceivedMessage]) async throws { try await settle(messages, .filtered) }

    /// Takes what waits out of the queue, and lets a moment pass.
    func process() async throws {
        try await filter(receive())
        engine.clock.advance(by: .seconds(1))
    }

    func replay() async throws -> ReplayReport { try await finish(engine.control.beginReplay(request)) }

    func finish(_ report: ReplayReport, limit: Int = .max) async throws -> ReplayReport {
        var report = report
        while !report.isFinished { report = try await engine.control.continueReplay(report.number, atMost: limit) }
        return report
    }

    func intakeReport() async throws -> QueueReport {
        try #require(try await engine.control.queues(named: pipeline.intakeQueue).first)
    }

    func pass(_ time: Duration) async throws {
        engine.clock.advance(by: time)
        for _ in 0..<2 { _ = try await engine.control.status(pipeline: nil) }
    }

    func storedBytes() throws -> Int { try number("SELECT coalesce(sum(length(data)), 0) FROM body") }
    func archived() throws -> Int { try number("SELECT count(*) FROM archive") }

    private func number(_ sql: String) throws -> Int {
        try DatabaseQueue(path: engine.path + "/store.db").read { try Int.fetchOne($0, sql: sql) } ?? 0
    }
}
