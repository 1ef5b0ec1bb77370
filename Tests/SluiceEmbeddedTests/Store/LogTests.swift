import GRDB
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("The write-ahead log")
struct LogTests {
    @Test("that somebody still reads is not emptied, which is said, and is emptied later")
    func busy() async throws {
        let store = try await TemporaryStore()
        let queue = try await store.makeQueue("q", .standard)
        try await queue.put("a")
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let reader = try DatabaseQueue(path: store.path + "/store.db", configuration: configuration)
        try reader.inDatabase { database in
            try database.execute(sql: "BEGIN")
            _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM chunk")
        }
        try await queue.put("b")
        try await store.store.writer.submit { $0.overwriteAfterCommit = true }
        #expect(try await store.store.writer.submit { $0.isLogLeft })
        try reader.inDatabase { try $0.execute(sql: "ROLLBACK") }
        try reader.close()
        store.clock.advance(by: .seconds(16))
        try await queue.put("c")
        #expect(try await store.store.writer.submit { $0.isLogLeft } == false)
        try await store.close()
    }
}
