import Foundation
import GRDB
import Sluice
import SluiceEmbedded
import SluiceTesting
import Testing

@Suite("A data folder")
struct DataFolderTests {
    private func filled() async throws -> TemporaryEngine {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample(keep: .days(1)))
        for round in 0..<50 { try await engine.queue(named: "orders-in").put("record \(round)") }
        return engine
    }

    private func damage(_ change: (URL) throws -> Void) async throws -> ControlError? {
        let engine = try await filled()
        await engine.close()
        try change(URL(fileURLWithPath: engine.path + "/store.db"))
        return await #expect(throws: ControlError.self) { try await engine.start() }
    }

    private func isDamaged(_ error: ControlError?) -> Bool { if case .damaged = error { true } else { false } }

    @Test("in use by another says by which process")
    func inUse() async throws {
        let engine = try await filled()
        let error = await #expect(throws: ControlError.self) { try await engine.start() }
        guard case .busy(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("\(getpid())"))
    }

    @Test("that is not there is unknown, and not made")
    func notThere() async throws {
        let path = TemporaryEngine.parent + "/sluice-test-nowhere-\(UUID())"
        let error = await #expect(throws: ControlError.self) {
            try await EmbeddedEngine.open(
                folder: path, create: false, version: "test", logger: TemporaryEngine.quiet())
        }
        guard case .unknown = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("cut short is damaged, never an empty start", arguments: [0, 1, 100, 4_096, 40_960])
    func truncated(_ length: UInt64) async throws {
        let error = try await damage { url in
            let file = try FileHandle(forWritingTo: url)
            try file.truncate(atOffset: length)
            try file.close()
        }
        #expect(isDamaged(error), "\(String(describing: error))")
    }

    @Test("with a flipped bit in its first bytes is damaged", arguments: [0, 5, 18, 100])
    func flipped(_ offset: Int) async throws {
        let error = try await damage { url in
            var data = try Data(contentsOf: url)
            data[offset] ^= 0x40
            try data.write(to: url)
        }
        #expect(isDamaged(error), "\(String(describing: error))")
    }

    @Test("full of something else is damaged")
    func garbage() async throws {
        let error = try await damage { url in
            try Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7_919) }).write(to: url)
        }
        #expect(isDamaged(error), "\(String(describing: error))")
    }

    @Test("without its store is damaged")
    func missing() async throws {
        let error = try await damage { try FileManager.default.removeItem(at: $0) }
        #expect(isDamaged(error), "\(String(describing: error))")
    }

    private func reformat(_ text: String) async throws -> ControlError? {
        try await damage { store in
            let format = store.deletingLastPathComponent().appendingPathComponent("format")
            try Data(text.utf8).write(to: format)
        }
    }

    @Test("of a newer format is refused and says so")
    func newerFormat() async throws {
        let error = try await reformat("sluice data folder, format 99\n")
        guard case .refused(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("newer version"))
    }

    @Test("whose format cannot be read is damaged", arguments: ["", "format 1", "sluice data folder, format x\n"])
    func unreadableFormat(_ text: String) async throws {
        let error = try await reformat(text)
        #expect(isDamaged(error), "\(String(describing: error))")
    }

    @Test("of a newer version is refused and says so")
    func newer() async throws {
        let engine = try await filled()
        await engine.close()
        let database = try DatabaseQueue(path: engine.path + "/store.db")
        try await database.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99: the future')") }
        try database.close()
        let error = await #expect(throws: ControlError.self) { try await engine.start() }
        guard case .refused(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("newer version"))
    }

    @Test("is still served when somebody else holds its write lock for a moment")
    func writeLocked() async throws {
        let engine = try await filled()
        let other = try DatabaseQueue(path: engine.path + "/store.db", configuration: Self.withoutBookkeeping)
        try other.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") }
        async let sent = engine.queue(named: "orders-in").put("late")
        try await Task.sleep(for: .milliseconds(300))
        try other.inDatabase { try $0.execute(sql: "ROLLBACK") }
        #expect(try await sent.count == 1)
        try other.close()
    }

    /// One that may stand in a transaction between two uses.
    private static var withoutBookkeeping: Configuration {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        return configuration
    }

    @Test(
        "that may not be made is forbidden",
        .enabled(if: FileManager.default.fileExists(atPath: "/sys/kernel"), "needs a folder nobody may write to"))
    func forbidden() async throws {
        let error = await #expect(throws: ControlError.self) {
            try await EmbeddedEngine.open(
                folder: "/sys/kernel/sluice", create: true, version: "test", logger: TemporaryEngine.quiet())
        }
        guard case .forbidden = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("is for its owner alone")
    func rights() async throws {
        let engine = try await filled()
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(engine.path) == 0o700)
        for name in try FileManager.default.contentsOfDirectory(atPath: engine.path) {
            #expect(try mode(engine.path + "/" + name) == 0o600, "\(name)")
        }
    }

    /// Tells when the last who had it has let it go.
    private final class Token: Sendable {
        private let gone: @Sendable () -> Void
        init(gone: @escaping @Sendable () -> Void) { self.gone = gone }
        deinit { gone() }
        func use() {}
    }

    @Test("that nobody closed ends with the last who used it", .timeLimit(.minutes(4)))
    func abandoned() async throws {
        let path = TemporaryEngine.parent + "/sluice-test-" + UUID().uuidString
        let (ended, continuation) = AsyncStream<Void>.makeStream()
        do {
            let token = Token { continuation.finish() }
            let faults = StoreFaults(reserve: 1 << 20, commit: { _ in token.use() })
            _ = try await EmbeddedEngine.open(
                folder: path, create: true, version: "test", logger: TemporaryEngine.quiet(), faults: faults)
        }
        for await _ in ended {}
        try FileManager.default.removeItem(atPath: path)
    }

    @Test("that is closed answers closed, to those who wait too")
    func closed() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        let queue = engine.queue(named: "orders-in")
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: QueueError.self) { try await queue.receive(ReceiveRequest(limit: 1, wait: nil)) }
            }
            await engine.close()
        }
        await #expect(throws: QueueError.self) { try await queue.put("a") }
    }
}
