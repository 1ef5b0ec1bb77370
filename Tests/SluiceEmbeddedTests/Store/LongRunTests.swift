import GRDB
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("A store that runs for long")
struct LongRunTests {
    @Test("remembers neither the timeouts of messages that are gone nor the groups that have none left")
    func forgets() async throws {
        let folder = try await TemporaryStore()
        let queue = try await folder.makeQueue("orders.fifo", .fifo)
        for number in 0..<40 {
            let messages = (0..<100).map { NewMessage(body: Bytes("a"), group: "\(number) \($0)") }
            _ = try await queue.send(messages)
            let request = ReceiveRequest(limit: 100, visibilityTimeout: .hours(12))
            _ = try await queue.delete(queue.receive(request).receipts)
        }
        let (timers, groups) = try await folder.store.writer.submit { state in
            (state.timerCount, state.queues.values.map(\.fifo.groupCount).max() ?? 0)
        }
        #expect(timers < 2_000)
        #expect(groups <= 100)
        try await folder.close()
    }

    @Test("a message that stays does not keep its batch on the disk", arguments: QueueType.allCases)
    func straggler(_ type: QueueType) async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample(type)
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        let texts = (0..<100).map { "\($0) " + String(repeating: "x", count: 5_000) }
        _ = try await bench.intake.send(texts.map { NewMessage(body: Bytes($0), group: "\($0.count)\($0.prefix(2))") })
        let batch = try await bench.receive(100)
        let (stays, goes) = (batch[70], batch.filter { $0.id != batch[70].id })
        try await bench.settle(goes, .filtered)
        try await passTime(engine)
        #expect(try await bench.settle([stays], .retry(after: .seconds(1), bench.failure())).outcomes == [.settled])
        await engine.close()
        #expect(try await DataCheck.problems(inFolder: engine.path, logger: TemporaryEngine.quiet()) == [])
        #expect(try storedBytes(engine) == stays.body.count)
        try await engine.start()
        try await passTime(engine)
        let again = try await bench.receive()
        #expect(again.texts == [stays.body.text])
        #expect(again.map(\.lineage) == [stays.lineage])
        #expect(again.map(\.receiveCount) == [2])
        try await bench.settle(again, .dead(bench.failure()))
        let letters = try await bench.deadLetters()
        #expect(letters.map(\.body) == [Array(stays.body)])
        #expect(letters.map(\.history.count) == [2])
    }

    @Test("a raw copy is never rewritten")
    func rawCopy() async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample(keep: .days(1))
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        try await bench.intake.put((0..<50).map { "\($0) " + String(repeating: "x", count: 5_000) })
        try await bench.settle(bench.receive(49), .filtered)
        try await passTime(engine)
        await engine.close()
        #expect(try storedBytes(engine) > 50 * 5_000)
    }

    private func passTime(_ engine: TemporaryEngine) async throws {
        engine.clock.advance(by: .minutes(5))
        for _ in 0..<3 { _ = try await engine.control.status(pipeline: nil) }
    }

    private func storedBytes(_ engine: TemporaryEngine) throws -> Int {
        try StoreDatabase(path: engine.path + "/store.db").read {
            try Int.fetchOne($0, sql: "SELECT sum(length(data)) FROM body") ?? 0
        }
    }
}
