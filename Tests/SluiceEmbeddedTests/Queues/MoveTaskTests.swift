import Foundation
import GRDB
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("A move task")
struct MoveTaskTests {
    /// A queue `q`, and `dead`, which takes its dead letters.
    private struct Bench {
        let store: TemporaryStore
        let queue: EmbeddedQueue
        let dead: EmbeddedQueue
        var directory: EmbeddedDirectory { EmbeddedDirectory(store: store.store) }

        init(_ type: QueueType = .standard, faults: StoreFaults = StoreFaults()) async throws {
            store = try await TemporaryStore(faults: faults)
            queue = try await store.makeQueue(type.fullName("q"), type)
            dead = try await store.makeQueue(type.fullName("dead"), type)
            let (source, target) = (queue.name, dead.name)
            try await store.store.writer.submit { state in
                let queue = try state.queue(exactly: source)
                var record = queue.record
                record.deadLetterQueue = target
                record.settings.maxReceiveCount = 1
                try state.update(queue, to: record)
            }
        }

        func lastTask() async throws -> MoveTask { try #require(try await directory.moves(from: dead.name).first) }

        /// Lets it work until nothing of it is due.
        func settle() async throws {
            for _ in 0..<20 { try await store.store.writer.submit { _ in } }
        }
    }

    @Test("leaves a message that cannot be read where it is, and moves the others", arguments: QueueType.allCases)
    func damaged(_ type: QueueType) async throws {
        let bench = try await Bench(type)
        let dead = bench.dead.name
        for text in ["a", "b", "c"] { try await bench.dead.put(text, group: type == .fifo ? text : nil) }
        try await bench.store.store.writer.submit { state in
            let chunk = try Array(state.queue(exactly: dead).chunks)[1]
            state.contents.removeAll()
            state.execute { try $0.execute(sql: "DELETE FROM body WHERE chunk = ?", arguments: [chunk]) }
        }
        _ = try await bench.directory.startMove(from: dead, to: bench.queue.name, rate: nil)
        try await bench.settle()
        #expect(try await bench.queue.receiveNow(10).texts == ["a", "c"])
        #expect(try await bench.directory.depth(of: dead).messages == 1)
        let task = try await bench.lastTask()
        #expect(task.status == .completed)
        #expect(task.moved == 2)
        try await bench.store.close()
    }

    @Test("rests while the disk is full, and goes on when there is room")
    func fullDisk() async throws {
        let plan = FaultPlan()
        let bench = try await Bench(faults: plan.faults)
        for text in ["a", "b", "c"] { try await bench.dead.put(text) }
        plan.fillDisk(true)
        await #expect(throws: QueueError.self) { try await bench.queue.put("x") }
        _ = try await bench.directory.startMove(from: bench.dead.name, to: bench.queue.name, rate: nil)
        try await bench.settle()
        #expect(try await bench.lastTask().moved == 0)
        plan.fillDisk(false)
        bench.store.clock.advance(by: .seconds(2))
        try await bench.settle()
        #expect(try await bench.lastTask().moved == 3)
        #expect(try await bench.queue.receiveNow(10).texts == ["a", "b", "c"])
        try await bench.store.close()
    }

    @Test("is refused into the queue that it empties")
    func ontoItself() async throws {
        let bench = try await Bench()
        await #expect(throws: MoveError.ontoItself) {
            _ = try await bench.directory.startMove(from: bench.dead.name, to: bench.dead.name, rate: nil)
        }
        try await bench.store.close()
    }

    @Test("ends, though what it moves dies again at once")
    func deadAgain() async throws {
        let bench = try await Bench()
        for text in ["a", "b", "c"] { try await bench.dead.put(text) }
        _ = try await bench.directory.startMove(from: bench.dead.name, to: bench.queue.name, rate: 1)
        for _ in 0..<10 {
            try await bench.settle()
            let batch = try await bench.queue.receiveNow(10)
            _ = try await bench.queue.extend(batch.receipts, to: .zero)
            // Its second receive sends it to the dead letters.
            _ = try await bench.queue.receiveNow(10)
            bench.store.clock.advance(by: .seconds(1))
        }
        let task = try await bench.lastTask()
        #expect(task.status == .completed)
        #expect(task.moved == 3)
        try await bench.store.close()
    }

    @Test("leaves no more than the ten latest of a queue behind")
    func history() async throws {
        let bench = try await Bench()
        for _ in 0..<15 {
            _ = try await bench.directory.startMove(from: bench.dead.name, to: nil, rate: nil)
            try await bench.settle()
        }
        let rows = try await bench.store.store.writer.submit { state in
            try state.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM move_task") }
        }
        #expect(rows == 10)
        #expect(try await bench.directory.moves(from: bench.dead.name).count == 10)
        try await bench.store.close()
    }
}
