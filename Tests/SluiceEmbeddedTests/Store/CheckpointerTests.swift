import Foundation
import GRDB
import Logging
import Testing

@testable import SluiceEmbedded

@Suite("The thread that moves the write-ahead log", .timeLimit(.minutes(4)))
struct CheckpointerTests {
    @Test("moves it into the file by itself: the writer only has to begin it anew")
    func moves() async throws {
        let folder = TemporaryEngine.parent + "/sluice-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) } }
        let path = folder + "/store.db"
        let database = try StoreDatabase(path: path)
        #expect(try database.truncateLog(waiting: true))
        try database.transaction { try $0.execute(sql: "INSERT INTO body VALUES (1, zeroblob(1000000))") }
        let checkpointer = try Checkpointer.start(path: path, logger: Logger(label: "test"))
        defer { checkpointer.stop() }
        #expect(try size(path) < 1_000_000)
        _ = checkpointer.committed(logPages: 1_000)
        while !checkpointer.committed(logPages: 0) { await Task.yield() }
        #expect(try size(path) > 1_000_000)
    }

    private func size(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }
}
