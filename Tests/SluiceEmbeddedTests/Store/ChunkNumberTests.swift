import GRDB
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("Numbers of chunks", .timeLimit(.minutes(4)))
struct ChunkNumberTests {
    @Test("one that was answered is never given again, also when all that was sent in its turn was purged in it")
    func purgedInItsTurn() async throws {
        let store = try await TemporaryStore()
        _ = try await store.makeQueue("q.fifo", .fifo)
        let entry = try #require(store.store.catalogue.find("q.fifo"))
        let prepared = store.store.prepare([NewMessage(body: Bytes("x"), group: "g")], at: nil, for: entry)
        let given = try await store.store.writer.submit { state in
            let queue = try state.queue(named: "q.fifo")
            _ = try state.send(prepared, to: queue, at: nil)
            try state.purge(queue, who: "somebody")
            return state.nextChunk - 1
        }
        let stored = try await store.store.writer.submit { state in
            try state.database.read {
                try Int64.fetchOne($0, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'chunk'") ?? 0
            }
        }
        #expect(stored == given)
        try await store.close()
    }
}
