import Foundation
import GRDB
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("Raw copies in segments")
struct SegmentTests {
    @Test("when their hour is over they move, and are what they were: read, replayed, verified, also after a restart")
    func moved() async throws {
        let engine = try await TemporaryEngine()
        let bench = try await SegmentBench(engine)
        let texts = (0..<50).map { "{\"n\":\($0),\"text\":\"\(String(repeating: "x", count: 2_000))\"}" }
        for text in texts { try await bench.queue.put(text) }
        try await bench.finishAll()
        #expect(try await bench.move() == 0, "the hour is not over")
        let before = try await bench.rawCopies()
        engine.clock.advance(by: .hours(1) + .minutes(2))
        #expect(try await bench.move() == 1)
        #expect(try bench.number("SELECT count(*) FROM body") == 0)
        #expect(try bench.files().count == 1)
        for _ in 0..<2 {
            #expect(try await bench.rawCopies() == before)
            let hour = try #require(try await engine.control.archive(pipeline: "orders").first)
            #expect(hour.count == 50)
            #expect(hour.storedBytes < hour.bytes / 5)
            let verification = try await engine.control.verifyArchive(pipeline: "orders", after: 0)
            #expect((verification.count, verification.problems) == (50, []))
            try await engine.restart()
        }
        let report = try await bench.replay()
        #expect(report.sent == 50)
        #expect(try await bench.queue.receiveNow(100).texts == texts)
        await engine.close()
        #expect(try await DataCheck.problems(inFolder: engine.path, logger: TemporaryEngine.quiet()) == [])
    }

    @Test("what is still in its queue, and what came later, are in their order", arguments: QueueType.allCases)
    func mixed(_ type: QueueType) async throws {
        let engine = try await TemporaryEngine()
        let bench = try await SegmentBench(engine, type)
        for text in ["a", "b", "c"] { try await bench.queue.put(text, group: text) }
        // "b" stays.
        let first = try await bench.queue.receiveNow(10)
        _ = try await bench.queue.delete([first[0].receipt, first[2].receipt])
        engine.clock.advance(by: .hours(1) + .minutes(2))
        #expect(try await bench.move() == 1)
        try await bench.queue.put("d", group: "d")
        #expect(try await bench.rawCopies().map(\.body) == ["a", "b", "c", "d"].map { Array($0.utf8) })
        #expect(try await bench.rawCopies().map(\.isWaiting) == [false, true, false, true])
        // A straggler waits until it is worth a file, or a day old.
        try await bench.finishAll()
        #expect(try await bench.move() == 0)
        engine.clock.advance(by: .hours(2))
        #expect(try await bench.move() == 1, "the hour of 'd'")
        engine.clock.advance(by: .hours(24))
        #expect(try await bench.move() == 1, "the straggler")
        #expect(try await bench.rawCopies().map(\.body) == ["a", "b", "c", "d"].map { Array($0.utf8) })
        var paged: [RawCopyRow] = []
        try await engine.restart()
        let database = try StoreDatabaseReading(engine)
        while let last = try database.next(after: paged.last?.chunk ?? 0) { paged.append(last) }
        #expect(paged.map(\.chunk) == paged.map(\.chunk).sorted())
        #expect(paged.reduce(0) { $0 + $1.messages } == 4)
    }

    @Test("a death at any moment loses none, and leaves no file behind", arguments: StoreFaults.Moment.allCases)
    func killed(_ moment: StoreFaults.Moment) async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        let bench = try await SegmentBench(engine)
        for number in 0..<10 { try await bench.queue.put("\(number)") }
        try await bench.finishAll()
        let before = try await bench.rawCopies()
        engine.clock.advance(by: .hours(2))
        _ = try await engine.control.status(pipeline: nil)
        plan.arm(commit: 0, moment)
        do { _ = try await bench.move() } catch QueueError.closed {}
        plan.disarm()
        await engine.close()
        #expect(try bench.files().count == 1, "it was written before")
        try await engine.start()
        #expect(try bench.files().count == (moment == .beforeCommit ? 0 : 1))
        #expect(try await bench.rawCopies() == before)
        _ = try await bench.move()
        #expect(try await bench.rawCopies() == before)
    }

    @Test("a death while one expires leaves both its row and its file, or a file that the next start removes")
    func killedAtExpiry() async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        let bench = try await SegmentBench(engine)
        try await bench.queue.put("a")
        try await bench.finishAll()
        engine.clock.advance(by: .hours(2))
        #expect(try await bench.move() == 1)
        plan.arm(commit: 0, .beforeCommit)
        engine.clock.advance(by: .days(30))
        do { _ = try await engine.control.status(pipeline: nil) } catch QueueError.closed {}
        plan.disarm()
        await engine.close()
        #expect(try bench.files().count == 1, "its row is there")
        let file = try #require(try bench.files().first)
        let other = "\(engine.path)/archive/1-2026-01-01T00-1.seg.partial"
        try FileManager.default.copyItem(atPath: "\(engine.path)/archive/\(file)", toPath: other)
        #expect(try await DataCheck.problems(inFolder: engine.path, logger: TemporaryEngine.quiet()) == [])
        try await engine.start()
        try await bench.pass(.minutes(1))
        #expect(try bench.files().isEmpty)
    }

    @Test("when their time is over the file is gone, but not while a replay refers to it; keep may change")
    func expiry() async throws {
        let engine = try await TemporaryEngine()
        let bench = try await SegmentBench(engine)
        try await bench.queue.put("Marguerite " + String(repeating: "x", count: 20_000))
        try await bench.finishAll()
        engine.clock.advance(by: .hours(2))
        #expect(try await bench.move() == 1)
        _ = try await bench.replay()
        try await bench.pass(.days(2))
        #expect(try bench.files().count == 1)
        try await engine.restart()
        #expect(try await bench.queue.receiveNow(1).first?.body.text.hasPrefix("Marguerite") == true)
        try await engine.apply(.sample(.standard, keep: .days(30)))
        try await bench.pass(.days(3))
        try await bench.finishAll()
        #expect(try bench.files().count == 1)
        try await engine.apply(.sample(.standard, keep: .days(4)))
        try await bench.pass(.minutes(1))
        #expect(try bench.files().isEmpty)
        #expect(try await bench.rawCopies().isEmpty)
        #expect(try bench.number("SELECT count(*) FROM segment") == 0)
    }

    @Test("damage anywhere in the file is an error that names it, and what is whole can be read")
    func damaged() async throws {
        let engine = try await TemporaryEngine()
        let bench = try await SegmentBench(engine)
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<4 {
            try await bench.queue.put(
                String((0..<300_000).map { _ in "abcdefgh".randomElement(using: &generator) ?? "a" }))
        }
        try await bench.finishAll()
        engine.clock.advance(by: .hours(2))
        #expect(try await bench.move() == 1)
        let file = engine.path + "/archive/" + (try #require(try bench.files().first))
        let whole = try Data(contentsOf: URL(filePath: file))
        for place in stride(from: 0, to: whole.count, by: whole.count / 60) + [whole.count - 1, whole.count - 20] {
            var bytes = whole
            bytes[place] ^= 0x10
            try bytes.write(to: URL(filePath: file))
            try await engine.restart()
            let problems = try await bench.problems()
            #expect(!problems.isEmpty, "byte \(place) of \(whole.count)")
            #expect(problems.allSatisfy { $0.contains(".seg") }, "\(problems)")
        }
        for length in [0, 7, 40, whole.count / 2, whole.count - 1] {
            try whole.prefix(length).write(to: URL(filePath: file))
            try await engine.restart()
            #expect(try await !bench.problems().isEmpty, "cut at \(length)")
        }
        try whole.write(to: URL(filePath: file))
        try await engine.restart()
        #expect(try await bench.problems() == [])
    }

    @Test("max_size holds the source, drops nothing, and goes on when something is deleted or compressed")
    func maxSize() async throws {
        let engine = try await TemporaryEngine()
        var pipeline = Pipeline.sample(keep: .days(1))
        pipeline.archive?.maxSize = .megabytes(10)
        try await engine.apply(pipeline)
        let bench = SegmentBench(engine: engine, pipeline: pipeline)
        let body = String(repeating: "x", count: 1 << 20)
        for _ in 0..<10 { try await bench.queue.put(body) }
        let full = QueueError.archiveFull(queue: "orders-in", size: 10 << 20)
        await #expect(throws: full) { try await bench.queue.put(body) }
        try await bench.finishAll()
        await #expect(throws: full, "what is done with is kept all the same") { try await bench.queue.put(body) }
        try await engine.restart()
        await #expect(throws: full) { try await bench.queue.put(body) }
        engine.clock.advance(by: .hours(2))
        async let waiting = engine.control.send([NewMessage(body: Bytes("y"))], to: "orders-in")
        #expect(try await bench.move() == 1)
        #expect(try await waiting.count == 1)
        for _ in 0..<9 { try await bench.queue.put(body) }
        try await bench.queue.put(body)
        await #expect(throws: full) { try await bench.queue.put(body) }
        try await bench.pass(.days(2))
        try await bench.queue.put(body)
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("max_size of a bucket counts the objects that are kept")
    func maxSizeOfObjects() async throws {
        let engine = try await TemporaryEngine()
        var pipeline = Pipeline.bucketSample()
        pipeline.archive?.maxSize = .megabytes(10)
        let body = String(repeating: "x", count: 6 << 20)
        try await engine.put(body, to: "drop", "a")
        try await engine.apply(pipeline)
        try await engine.put(body, to: "drop", "a")
        async let waiting = engine.put("y", to: "drop", "b")
        let queue = engine.queue(named: pipeline.objectsQueue ?? "")
        let announced = try await queue.receiveNow(10)
        #expect(announced.count == 2, "the third one waits")
        _ = try await queue.delete(announced.receipts)
        engine.clock.advance(by: .days(2))
        for _ in 0..<2 { _ = try await engine.control.status(pipeline: nil) }
        #expect(try await waiting.size == 1)
        #expect(try await queue.receiveNow(10).count == 1)
    }

    @Test("many of an hour that is not over move as well")
    func early() async throws {
        let engine = try await TemporaryEngine()
        let bench = try await SegmentBench(engine)
        let body = String(repeating: "x", count: 900_000)
        for _ in 0..<80 { try await bench.queue.put(body) }
        for _ in 0..<8 { try await bench.finishAll() }
        #expect(try await bench.move() == 1)
        #expect(try await bench.rawCopies().count == 80)
    }
}

private struct SegmentBench {
    let engine: TemporaryEngine
    let pipeline: Pipeline

    init(engine: TemporaryEngine, pipeline: Pipeline) {
        self.engine = engine
        self.pipeline = pipeline
    }

    init(_ engine: TemporaryEngine, _ type: QueueType = .standard) async throws {
        self.init(engine: engine, pipeline: .sample(type, keep: .days(1) + .hours(6)))
        try await engine.apply(pipeline)
    }

    var queue: any BoundedQueue { engine.queue(named: pipeline.intakeQueue) }

    func move() async throws -> Int { try await engine.engine.moveRawCopies(logger: TemporaryEngine.quiet()) }

    func finishAll() async throws {
        while case let messages = try await queue.receiveNow(100), !messages.isEmpty {
            _ = try await queue.delete(messages.receipts)
        }
    }

    func rawCopies() async throws -> [RawCopy] {
        var copies: [RawCopy] = []
        var selection = RawCopySelection(pipeline: pipeline.name)
        repeat {
            let page = try await engine.control.rawCopies(selection)
            copies += page.copies
            selection.after = page.next
        } while selection.after != nil
        return copies
    }

    func replay() async throws -> ReplayReport {
        let request = ReplayRequest(pipeline: pipeline.name, from: Timestamp(milliseconds: 0), to: engine.clock.now)
        var report = try await engine.control.beginReplay(request)
        while !report.isFinished { report = try await engine.control.continueReplay(report.number, atMost: .max) }
        return report
    }

    func problems() async throws -> [String] {
        do {
            return try await engine.control.verifyArchive(pipeline: pipeline.name, after: 0).problems
        } catch let damage as StoreDamage {
            return ["\(damage)"]
        }
    }

    func pass(_ time: Duration) async throws {
        engine.clock.advance(by: time)
        for _ in 0..<2 { _ = try await engine.control.status(pipeline: nil) }
    }

    func files() throws -> [String] { try SegmentFolder(folder: engine.path).names() }

    func number(_ sql: String) throws -> Int {
        try DatabaseQueue(path: engine.path + "/store.db").read { try Int.fetchOne($0, sql: sql) } ?? 0
    }
}

/// The raw copies of the intake queue, one at a time.
private struct StoreDatabaseReading {
    let database: StoreDatabase

    init(_ engine: TemporaryEngine) throws { database = try StoreDatabase(path: engine.path + "/store.db") }

    func next(after chunk: Int64) throws -> RawCopyRow? {
        let queues = try database.read { try Int64.fetchAll($0, sql: "SELECT DISTINCT queue FROM segment") }
        return try queues.first.flatMap { try database.rawCopies(ofQueue: $0, after: chunk, limit: 1).first }
    }
}
