import Foundation
import GRDB
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

/// One chunk whose bytes are lost costs its own messages a wait, and nobody else anything.
@Suite("A chunk that cannot be read")
struct UnreadableChunkTests {
    /// Takes the bytes of a queue's chunk out of the file, and out of memory.
    private func lose(_ place: Int, of name: String, _ store: TemporaryStore) async throws {
        try await store.store.writer.submit { state in
            let chunk = try Array(state.queue(named: name).chunks)[place]
            state.contents.removeAll()
            state.execute { try $0.execute(sql: "DELETE FROM body WHERE chunk = ?", arguments: [chunk]) }
        }
    }

    @Test("is waited for, and the readable messages of its batch are handed out", arguments: QueueType.allCases)
    func batch(_ type: QueueType) async throws {
        let store = try await TemporaryStore()
        let queue = try await store.makeQueue(type == .fifo ? "q.fifo" : "q", type)
        for text in ["a", "b", "c"] { try await queue.put(text, group: type == .fifo ? text : nil) }
        try await lose(1, of: "q", store)
        let batch = try await queue.receiveNow(10, as: .step)
        #expect(batch.texts == ["a", "c"])
        #expect(try await queue.receiveNow(10, as: .step) == [])
        let states = try await store.store.writer.submit { state in
            try Array(state.queue(named: "q").chunks).compactMap { state.chunks[$0]?.states[0].status }
        }
        #expect(states == [.held, .backingOff, .held])
        #expect(try await queue.delete(batch.receipts) == [.done, .done])
        try await store.close()
    }

    @Test("does not close the store when a client has received its message too often")
    func lastReceive() async throws {
        let store = try await TemporaryStore()
        let queue = try await store.makeQueue("q", .standard)
        _ = try await store.makeQueue("q-dlq", .standard)
        try await store.store.writer.submit { state in
            let state = state
            let queue = try state.queue(named: "q")
            var record = queue.record
            record.deadLetterQueue = "q-dlq"
            record.settings.maxReceiveCount = 1
            try state.update(queue, to: record)
        }
        try await queue.put("a")
        _ = try await queue.receiveNow()
        try await lose(0, of: "q", store)
        async let waiting = queue.receive(ReceiveRequest(limit: 10, wait: .seconds(60)))
        try await store.waitForWaiter(of: "q")
        store.clock.advance(by: .seconds(31))
        try await queue.put("b")
        #expect(try await waiting.texts == ["b"])
        try await store.close()
    }

    @Test("does not close the store when its time has come to be rewritten")
    func sparse() async throws {
        let store = try await TemporaryStore()
        let queue = try await store.makeQueue("q", .standard)
        try await queue.put((0..<200).map { "\($0) " + String(repeating: "x", count: 1_000) })
        let batch = try await queue.receiveNow(199, as: .step)
        _ = try await queue.delete(batch.receipts)
        #expect(try await store.store.writer.submit { $0.sparse.count } == 1)
        try await lose(0, of: "q", store)
        store.clock.advance(by: .minutes(5))
        try await queue.put("b")
        #expect(try await store.store.writer.submit { $0.sparse.count } == 0)
        #expect(try await queue.receiveNow().texts == ["b"])
        try await store.close()
    }
}
