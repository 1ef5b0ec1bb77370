import Foundation
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("A queue for clients")
struct ClientQueueTests {
    @Test("that a send made under a FIFO name is FIFO to the engine, too")
    func unclaimed() async throws {
        let engine = try await TemporaryEngine()
        for text in ["a", "b"] {
            _ = try await engine.control.send([NewMessage(body: Bytes(text), group: "g")], to: "x.fifo")
        }
        let found = try #require(engine.engine.directory.find("x.fifo"))
        #expect(found.type == .fifo)
        #expect(found.attributes.fifo != nil)
        let first = try await found.queue.receive(ReceiveRequest(limit: 1))
        #expect(first.texts == ["a"])
        #expect(first.first?.sequenceNumber != nil)
        #expect(try await found.queue.receive(ReceiveRequest(limit: 1)).texts == [], "its group is locked")
        // Nobody has said yet what it is like.
        var wanted = QueueAttributes(created: engine.clock.now, fifo: QueueAttributes.FIFO())
        wanted.visibilityTimeout = .seconds(5)
        #expect(try await engine.engine.directory.create("x.fifo", wanted).isNew)
        #expect(engine.engine.directory.find("x.fifo")?.attributes.visibilityTimeout == .seconds(5))
    }

    @Test("takes a record without a group under a FIFO name until somebody says what it is")
    func withoutGroup() async throws {
        let engine = try await TemporaryEngine()
        _ = try await engine.control.send([NewMessage(body: Bytes(#"{"c":7}"#))], to: "orders-in.fifo")
        try await engine.apply(.sample(.fifo, group: "$.c"))
        let received = try await engine.queue(named: "orders-in.fifo").receiveNow()
        #expect(received.map(\.lineage.group) == ["7"])
    }

    /// Else what is sent from now on would overtake what waits.
    @Test("of FIFO type gives a new delay to what waits, too")
    func shorterDelay() async throws {
        let engine = try await TemporaryEngine()
        let queues = engine.engine.directory
        var attributes = QueueAttributes(created: engine.clock.now, fifo: QueueAttributes.FIFO())
        attributes.delay = .minutes(10)
        _ = try await queues.create("d.fifo", attributes)
        let queue = try #require(queues.find("d.fifo")).queue
        func put(_ text: String) async throws {
            _ = try await queue.send([NewMessage(body: Bytes(text), group: "g", deduplicationID: text)])
        }
        try await put("a")
        engine.clock.advance(by: .seconds(20))
        try await put("b")
        try await queues.change("d.fifo") { $0.delay = .seconds(30) }
        try await put("c")
        engine.clock.advance(by: .seconds(10))
        #expect(try await queue.receive(ReceiveRequest(limit: 10)).texts == ["a"])
        engine.clock.advance(by: .seconds(60))
        #expect(try await queue.receive(ReceiveRequest(limit: 10)).texts == ["a", "b", "c"])
    }

    @Test("of standard type keeps the delay that its messages were sent with")
    func standardDelay() async throws {
        let engine = try await TemporaryEngine()
        let queues = engine.engine.directory
        var attributes = QueueAttributes(created: engine.clock.now)
        attributes.delay = .minutes(10)
        _ = try await queues.create("d", attributes)
        let queue = try #require(queues.find("d")).queue
        _ = try await queue.send([NewMessage(body: Bytes("a"))])
        try await queues.change("d") { $0.delay = .zero }
        #expect(try await queue.receive(ReceiveRequest(limit: 10)).isEmpty)
    }

    @Test("can be purged again when the purge before was not stored")
    func purgedInVain() async throws {
        let plan = FaultPlan()
        let store = try await TemporaryStore(faults: plan.faults)
        let queue = try await store.makeQueue("q", .standard)
        let directory = EmbeddedDirectory(store: store.store)
        try await queue.put("a")
        plan.fillDisk(true)
        try await directory.purge("q", who: "test")
        #expect(try await directory.depth(of: "q").messages == 0)
        plan.fillDisk(false)
        try await store.close()
    }

    @Test("forgets what receives with an attempt id were given, in time")
    func attempts() {
        var attempts = ReceiveAttempts()
        let start = Timestamp(milliseconds: 0)
        for number in 0..<1_000 {
            let now = start + .seconds(number)
            attempts.remember([], of: "\(number)", until: now + .minutes(5), at: now)
        }
        #expect(attempts.count == 300)
        #expect(attempts.items(of: "999", at: start + .seconds(1_000)) != nil)
        #expect(attempts.items(of: "500", at: start + .seconds(1_000)) == nil)
        attempts.prune(at: start + .hours(1))
        #expect(attempts.count == 0)
    }
}
