import Foundation
import GRDB
import Sluice
import Testing

@testable import SluiceConnectors

@Suite("The SQLite sink: the file")
struct SQLiteSinkFileTests {
    @Test("the database, its folders and the table are made, durable and readable beside the sink")
    func makes() async throws {
        let place = try SinkFolder()
        let path = "\(place.folder)/a/b/new.db"
        let sink = try SQLiteSink(place.deliver, path: path, folder: "f", pipeline: "p", logger: .silent)
        try await sink.write(#"{"n":1}"#)
        let reader = try DatabaseQueue(path: path)
        #expect(try reader.inDatabase { try Int.fetchAll($0, sql: "SELECT n FROM orders") } == [1])
        #expect(try reader.inDatabase { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        await sink.close()
    }

    @Test("a database that exists keeps its journal mode", arguments: ["delete", "truncate", "wal"])
    func journalMode(_ mode: String) async throws {
        let place = try SinkFolder()
        try place.execute("PRAGMA journal_mode = \(mode); CREATE TABLE orders(n)")
        let sink = try place.sink()
        try await sink.write(#"{"n":1}"#)
        await sink.close()
        #expect(try place.texts("PRAGMA journal_mode") == [mode == "wal" ? "wal" : "delete"])
    }

    @Test("without `create` nothing is made")
    func noCreate() async throws {
        let place = try SinkFolder(create: false)
        let sink = try place.sink()
        #expect(await sink.unavailability()?.reason.contains("create: true") == true)
        #expect(!FileManager.default.fileExists(atPath: place.path))
        try place.execute("CREATE TABLE other(n)")
        #expect(await sink.unavailability()?.type == "no-table")
        await #expect(throws: SinkError.self) { try await sink.probe() }
        try place.execute("CREATE TABLE orders(n)")
        try await sink.probe()
        try await sink.write(#"{"n":1}"#)
        await sink.close()
    }

    @Test("a locked database is busy after three tries, and taken when it is free", arguments: ["wal", "delete"])
    func locked(_ mode: String) async throws {
        let place = try SinkFolder()
        try place.execute("PRAGMA journal_mode = \(mode); CREATE TABLE orders(n)")
        let sink = try place.sink()
        try await sink.write(#"{"n":1}"#)
        let other = try place.lock()
        await expectBusy { try await sink.write(#"{"n":2}"#) }
        await expectBusy { try await sink.probe() }
        try other.execute("ROLLBACK")
        #expect(try await sink.write(#"{"n":2}"#) == [.written])
        #expect(try place.storedNumbers() == [1, 2])
        await sink.close()
    }

    @Test(
        "a reader that holds up the commit of a database without a write-ahead log makes it busy, and nothing is written"
    )
    func reader() async throws {
        let place = try SinkFolder()
        try place.execute("PRAGMA journal_mode = delete; CREATE TABLE orders(n); INSERT INTO orders VALUES (0)")
        let sink = try place.sink()
        let reader = try place.lock("BEGIN; SELECT * FROM orders")
        await expectBusy { try await sink.write(#"{"n":1}"#) }
        try reader.execute("ROLLBACK")
        #expect(try await sink.write(#"{"n":1}"#) == [.written])
        #expect(try place.storedNumbers() == [0, 1])
        await sink.close()
    }

    @Test("a removed database takes nothing more, is not made anew, and is used again when it is back")
    func removed() async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        try await sink.write(record(#"{"n":1}"#, identity: "a"))
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.moveItem(atPath: place.path + suffix, toPath: "\(place.folder)/away\(suffix)")
        }
        #expect(await sink.unavailability()?.type == "moved")
        #expect(await sink.unavailability()?.reason.contains("put it back") == true)
        await #expect(throws: SinkError.self) { try await sink.probe() }
        #expect(!FileManager.default.fileExists(atPath: place.path))
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: "\(place.folder)/away\(suffix)")
        {
            try FileManager.default.moveItem(atPath: "\(place.folder)/away\(suffix)", toPath: place.path + suffix)
        }
        try await sink.probe()
        #expect(
            try await sink.write(record(#"{"n":1}"#, identity: "a"), record(#"{"n":2}"#)) == [.repeated, .written])
        #expect(try place.storedNumbers() == [1, 2])
        await sink.close()
    }

    @Test("an empty file in the place of a removed database says that it shall begin anew")
    func touched() async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        try await sink.write(#"{"n":1}"#)
        for suffix in ["", "-wal", "-shm"] { try FileManager.default.removeItem(atPath: place.path + suffix) }
        #expect(await sink.unavailability()?.type == "moved")
        #expect(await sink.unavailability()?.reason.contains("`touch`") == true)
        #expect(FileManager.default.createFile(atPath: place.path, contents: nil))
        try await sink.write(#"{"n":2}"#)
        #expect(try place.storedNumbers() == [2])
        await sink.close()
    }

    @Test("a database that was made and vanished before anything was written to it is made anew")
    func removedUnused() async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        #expect(await sink.refusal(of: "no record")?.type == "not-json")
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: place.path + suffix) {
            try FileManager.default.removeItem(atPath: place.path + suffix)
        }
        #expect(await sink.unavailability()?.type == "moved")
        try await sink.write(#"{"n":2}"#)
        #expect(try place.storedNumbers() == [2])
        await sink.close()
    }

    @Test("another process makes a database that was removed anew")
    func removedForGood() async throws {
        let place = try SinkFolder()
        let first = try place.sink()
        try await first.write(#"{"n":1}"#)
        await first.close()
        try FileManager.default.removeItem(atPath: place.path)
        let second = try place.sink()
        try await second.write(#"{"n":2}"#)
        #expect(try place.storedNumbers() == [2])
        await second.close()
    }

    @Test("a database that takes the place of the open one is used from the next try on")
    func replaced() async throws {
        let place = try SinkFolder()
        try place.execute("PRAGMA journal_mode = delete; CREATE TABLE orders(n)")
        let sink = try place.sink()
        try await sink.write(#"{"n":1}"#)
        let other = try DatabaseQueue(path: "\(place.folder)/other.db")
        try await other.write { try $0.execute(sql: "CREATE TABLE orders(n); INSERT INTO orders VALUES (7)") }
        try other.close()
        #expect(rename("\(place.folder)/other.db", place.path) == 0)
        #expect(await sink.unavailability()?.type == "moved")
        try await sink.write(#"{"n":8}"#)
        #expect(try place.storedNumbers() == [7, 8])
        await sink.close()
    }

    @Test("what is not a database, not a file, or not there to be opened is the sink's fault, with what to do")
    func notADatabase() async throws {
        let place = try SinkFolder()
        try Data(repeating: 0x41, count: 4_096).write(to: URL(fileURLWithPath: place.path))
        let sink = try place.sink()
        let answer = await sink.unavailability()
        #expect(answer?.type == "sql:26")
        #expect(answer?.reason.contains("is not an SQLite database") == true)
        try FileManager.default.removeItem(atPath: place.path)
        try FileManager.default.createDirectory(atPath: place.path, withIntermediateDirectories: false)
        #expect(await sink.unavailability()?.type.hasPrefix("sql:14") == true)
        try FileManager.default.removeItem(atPath: place.path)
        try await sink.write(#"{"n":1}"#)
        await sink.close()

        let file = "\(place.folder)/file"
        try Data().write(to: URL(fileURLWithPath: file))
        let below = try SQLiteSink(place.deliver, path: "\(file)/x/y.db", folder: "f", pipeline: "p", logger: .silent)
        #expect(await below.unavailability()?.reason.contains("cannot make the folder") == true)
    }

    /// SQLite itself opens a file with a newer write version, the byte at 18, for reading only; file permissions mean
    /// nothing to a test that runs as root.
    @Test("a read-only database is the sink's fault, for a write and for a probe, until it can be written")
    func readOnly() async throws {
        let place = try SinkFolder()
        try place.execute("PRAGMA journal_mode = delete; CREATE TABLE orders(n)")
        try place.patch(byte: 18, 3)
        let sink = try place.sink()
        #expect(await sink.unavailability()?.reason.contains("is read-only") == true)
        let error = await #expect(throws: SinkError.self) { try await sink.probe() }
        guard case .unavailable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try place.patch(byte: 18, 1)
        try await sink.probe()
        try await sink.write(#"{"n":1}"#)
        await sink.close()
    }

    @Test("a damaged database is the sink's fault")
    func damaged() async throws {
        let place = try SinkFolder()
        try place.execute("PRAGMA journal_mode = delete; CREATE TABLE orders(n)")
        for byte in 4_096..<4_200 { try place.patch(byte: byte, 0xFF) }
        let sink = try place.sink()
        let answer = await sink.unavailability()
        #expect(answer?.type.hasPrefix("sql:11") == true, "\(answer?.type ?? "")")
    }

    @Test("a view, a key that is not unique and a key column that is missing are the definition's fault")
    func setting() async throws {
        let view = try SinkFolder()
        try view.execute("CREATE VIEW orders AS SELECT 1 AS n")
        #expect(try await view.sink().unavailability()?.type == "view")

        let place = try SinkFolder(key: ["n"])
        try place.execute("CREATE TABLE orders(n, m)")
        let sink = try place.sink()
        let answer = await sink.unavailability()
        #expect(answer?.type == "key")
        #expect(
            answer?.reason.contains("CREATE UNIQUE INDEX … ON \"orders\"(\"n\")") == true, "\(answer?.reason ?? "")")
        await #expect(throws: SinkError.self) { try await sink.probe() }
        try place.execute("CREATE UNIQUE INDEX part ON orders(n) WHERE m > 0")
        #expect(await sink.unavailability()?.type == "key")
        try place.execute("CREATE UNIQUE INDEX whole ON orders(n)")
        try await sink.probe()
        try await sink.write(#"{"n":1,"m":1}"#, #"{"n":1,"m":2}"#)
        #expect(try place.rows() == ["i:1 i:2"])
        await sink.close()

        let missing = try SinkFolder(key: ["id"])
        try missing.execute("CREATE TABLE orders(n)")
        #expect(try await missing.sink().unavailability()?.reason.contains("no column 'id'") == true)
    }

    @Test("every commit is on the disk: our connection is synchronous=EXTRA whatever the file's mode")
    func synchronous() throws {
        let place = try SinkFolder()
        let plan = try SQLitePlan(place.deliver, path: place.path, folder: "f", pipeline: "p", logger: .silent)
        let queue = try SQLiteFile.open(plan, mayCreate: true).queue
        #expect(try queue.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 3)
    }

    private func expectBusy(_ operation: () async throws -> Void) async {
        do {
            try await operation()
            Issue.record("it was not busy")
        } catch SinkError.busy(let reason, let type, after: nil) {
            #expect(type == "sql:5")
            #expect(reason.contains("is locked by another connection"))
        } catch {
            Issue.record("\(error)")
        }
    }
}

@Suite("The catalogue of sinks")
struct SinkCatalogueTests {
    @Test(
        "a delivery that cannot mean what it says is refused before anything is opened",
        arguments: [
            (Deliver(to: .sqlite("a"), table: "t", mode: .upsert), "deliver.mode"),
            (Deliver(to: .sqlite("a"), table: "_sluice_delivered"), "deliver.table"),
            (Deliver(to: .sqlite("a"), table: "sqlite_x"), "deliver.table"),
            (Deliver(to: .sqlite("a"), table: ""), "deliver.table"),
            (Deliver(to: .sqlite("a"), table: "t", key: ["a", "A"]), "deliver.key"),
            (
                Deliver(to: .sqlite("a"), table: "t", columns: [.init("a", "int"), .init("A", "text")]),
                "deliver.columns"
            ),
            (
                Deliver(to: .sqlite("a"), table: "t", columns: [.init("a", "int, b text); DROP TABLE x; --")]),
                "deliver.columns.a"
            ),
            (Deliver(to: .sqlite("a"), table: "t", columns: [.init("a", "frob")]), "deliver.columns.a"),
            (Deliver(to: .sqlite("a"), table: "t", columns: [.init("a", "numeric(2,5)")]), "deliver.columns.a"),
            (Deliver(to: .sqlite("a"), table: "t", columns: [.init("a", "")]), "deliver.columns.a"),
        ])
    func mistakes(_ deliver: Deliver, _ key: String) {
        let mistake = #expect(throws: SinkCatalogue.Mistake.self) {
            _ = try SinkCatalogue.make(deliver, pipeline: "p", folder: "f", root: "/nowhere", logger: .silent)
        }
        #expect(mistake?.key == key)
        #expect(mistake?.message.isEmpty == false)
    }

    @Test("the sink takes every type that a check of the definition lets pass", arguments: ColumnType.names)
    func knownTypes(_ type: String) throws {
        #expect(throws: Never.self) { _ = try SQLiteType.declaration(of: type, column: "a") }
    }

    @Test("a relative path is relative to the definition's folder")
    func relative() async throws {
        let place = try SinkFolder()
        let deliver = Deliver(to: .sqlite("out/x.db"), table: "t")
        let sink = try SinkCatalogue.make(deliver, pipeline: "p", folder: "f", root: place.folder, logger: .silent)
        try await sink.write(#"{"n":1}"#)
        await sink.close()
        #expect(FileManager.default.fileExists(atPath: "\(place.folder)/out/x.db"))
    }
}

/// A connection that stays inside a transaction.
struct HeldConnection {
    let queue: DatabaseQueue
    func execute(_ sql: String) throws { try queue.inDatabase { try $0.execute(sql: sql) } }
}

extension SinkFolder {
    /// Somebody else's connection, in a transaction until it executes ROLLBACK.
    func lock(_ sql: String = "BEGIN IMMEDIATE") throws -> HeldConnection {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let held = HeldConnection(queue: try DatabaseQueue(path: path, configuration: configuration))
        try held.execute(sql)
        return held
    }

    func patch(byte offset: Int, _ value: UInt8) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data([value]))
        try file.close()
    }
}
