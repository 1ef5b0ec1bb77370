import Foundation
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("Objects in buckets")
struct BucketTests {
    @Test("are announced to the pipeline that names the bucket: those before it, those after it, each once")
    func claimed() async throws {
        let engine = try await TemporaryEngine()
        for number in 0..<5 { try await engine.put("\(number)", to: "drop", "old/\(number)") }
        let pipeline = Pipeline.bucketSample()
        try await engine.apply(pipeline)
        try await engine.put("x", to: "drop", "new")
        let keys = ["old/0", "old/1", "old/2", "old/3", "old/4", "new"]
        #expect(try await engine.announced(pipeline) == keys)
        try await engine.restart()
        #expect(try await engine.announced(pipeline) == keys)
        let report = try #require(try await engine.control.queues(named: "orders-bucket-objects").first)
        #expect(report.role == .objects)
        #expect(report.ledger == [.sent: 6])
    }

    @Test("are left to the pipeline that was told of them, unless another one asks for them too")
    func backfill() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.bucketSample("first"))
        try await engine.put("1", to: "drop", "a")
        let (second, third) = (Pipeline.bucketSample("second"), Pipeline.bucketSample("third", backfill: true))
        try await engine.apply(second)
        try await engine.apply(third)
        try await engine.put("2", to: "drop", "b")
        #expect(try await engine.announced(.bucketSample("first")) == ["a", "b"])
        #expect(try await engine.announced(second) == ["b"])
        #expect(try await engine.announced(third) == ["a", "b"])
    }

    @Test("are announced where prefix and suffix of their keys fit, byte by byte")
    func filtered() async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.bucketSample(prefix: "in/", suffix: ".csv")
        for key in ["in/a.csv", "in/a.json", "out/a.csv"] { try await engine.put(key, to: "drop", key) }
        try await engine.apply(pipeline)
        for key in ["in/é.csv", "in/.csv", "IN/b.csv", ".csv"] { try await engine.put(key, to: "drop", key) }
        #expect(try await engine.announced(pipeline) == ["in/a.csv", "in/é.csv", "in/.csv"])
    }

    @Test("a claim goes on after a death half way, and announces nothing twice", arguments: 0..<6)
    func halfWay(_ commit: Int) async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        for number in 0..<3 { try await engine.put("\(number)", to: "drop", "\(number)") }
        plan.arm(commit: commit, .afterCommit)
        let pipeline = Pipeline.bucketSample()
        do { try await engine.apply(pipeline) } catch QueueError.closed {}
        plan.disarm()
        await engine.close()
        try await engine.start()
        try await engine.apply(pipeline)
        #expect(try await engine.announced(pipeline) == ["0", "1", "2"])
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("what was put together is announced together, or not at all", arguments: StoreFaults.Moment.allCases)
    func together(_ moment: StoreFaults.Moment) async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        let pipeline = Pipeline.bucketSample()
        try await engine.apply(pipeline)
        let uploads = try (0..<3).map { try engine.upload("\($0)", to: "drop", "\($0)") }
        plan.arm(commit: 0, moment)
        do { _ = try await engine.control.put(uploads) } catch QueueError.closed {}
        plan.disarm()
        await engine.close()
        try await engine.start()
        let keys = moment == .beforeCommit ? [] : ["0", "1", "2"]
        #expect(try await engine.announced(pipeline) == keys)
        #expect(try engine.blobs().count == keys.count, "no bytes stay of what was not committed")
        #expect(try await engine.control.objects(ObjectSelection(bucket: "drop")).map(\.object.key) == keys)
    }

    @Test("equal bytes are stored once, and stay as long as one object has them")
    func sharedBytes() async throws {
        let engine = try await TemporaryEngine()
        try await engine.put("same", to: "drop", "a")
        try await engine.put("same", to: "drop", "b")
        #expect(try engine.blobs().count == 1)
        try await engine.put("other", to: "drop", "a")
        try await engine.passTime(.minutes(1))
        #expect(try engine.blobs().count == 2)
        try await engine.put("other", to: "drop", "b")
        try await engine.passTime(.minutes(1))
        #expect(try engine.blobs().count == 1)
    }

    @Test("one that is overwritten is a raw copy until its time is over, and as long as a message announces it")
    func overwritten() async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.bucketSample(keep: .hours(2))
        try await engine.apply(pipeline)
        let former = try await engine.put("former", to: "drop", "a").object
        try await engine.put("latter", to: "drop", "a")
        #expect(try await engine.control.objects(ObjectSelection(bucket: "drop")).count == 1)
        try await engine.passTime(.hours(3))
        let file = try await engine.engine.file(of: former)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "former")
        let objects = engine.queue(named: "orders-bucket-objects")
        _ = try await objects.delete(try await objects.receiveNow().receipts)
        try await engine.passTime(.minutes(1))
        await #expect(throws: ObjectError.self) { try await engine.engine.file(of: former) }
        #expect(try engine.blobs().count == 1)
    }

    @Test("a full queue of objects holds back whoever puts one more")
    func full() async throws {
        let engine = try await TemporaryEngine()
        var pipeline = Pipeline.bucketSample()
        pipeline.queue.settings.capacity = 1
        try await engine.apply(pipeline)
        try await engine.put("1", to: "drop", "a")
        let upload = try engine.upload("2", to: "drop", "b")
        let control = engine.control
        let second = Task { try await control.put([upload]) }
        #expect(try await engine.announced(pipeline) == ["a"])
        let objects = engine.queue(named: "orders-bucket-objects")
        _ = try await objects.delete(try await objects.receiveNow().receipts)
        #expect(try await second.value.map(\.object.key) == ["b"])
    }

    @Test("names that S3 does not allow are refused, and an upload that is not there")
    func refused() async throws {
        let engine = try await TemporaryEngine()
        for bucket in ["ab", "Drop", "a..b", "-drop", "drop_1"] {
            let upload = try engine.upload("x", to: bucket, "a")
            await #expect(throws: ControlError.self) { try await engine.control.put([upload]) }
        }
        let long = try engine.upload("x", to: "drop", String(repeating: "k", count: 1_025))
        await #expect(throws: ControlError.self) { try await engine.control.put([long]) }
        var missing = try engine.upload("x", to: "drop", "a")
        missing.file = "upload-../../store.db"
        await #expect(throws: ControlError.self) { try await engine.control.put([missing]) }
        await #expect(throws: ControlError.self) { try await engine.control.buckets(named: "drop") }
    }

    @Test("`data check` says whose bytes are not there")
    func missingBytes() async throws {
        let engine = try await TemporaryEngine()
        let object = try await engine.put("text", to: "drop", "a").object
        let file = try await engine.engine.file(of: object)
        try FileManager.default.removeItem(atPath: file)
        await engine.close()
        let problems = try await DataCheck.problems(inFolder: engine.path, logger: TemporaryEngine.quiet())
        #expect(problems.contains { $0.contains("drop/a@") })
    }
}

extension TemporaryEngine {
    /// Lets the engine's time pass, and does what is due then.
    fileprivate func passTime(_ duration: Duration) async throws {
        clock.advance(by: duration)
        for _ in 0..<3 { try await engine.wakeWaiters() }
    }
}
