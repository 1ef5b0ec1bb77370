import Foundation
import GRDB
import GRDBSQLite
import Sluice

/// The SQLite file, as the writer's thread uses it: GRDB for what is rare, prepared statements for what every
/// commit does. Not `Sendable`: it stays on that thread.
final class StoreDatabase {
    /// Seconds that a commit waits for somebody else's lock: an operator's checkpoint does not end the store.
    private static let patience = 5.0

    private let queue: DatabaseQueue
    private let connection: OpaquePointer
    let path: String
    /// Raw copies that are not in the file any more.
    let segments: SegmentFolder

    private let begin: Statement
    private let commit: Statement
    private let insertChunk: Statement
    private let insertBody: Statement
    private let putState: Statement
    private let deleteState: Statement
    private let deleteChunk: Statement
    private let deleteBody: Statement
    private let addToLedger: Statement
    private let archiveChunk: Statement
    private let readHeader: Statement
    private let readBody: Statement
    private let rememberIDs: Statement
    private let insertFailure: Statement
    private let readFailures: Statement
    private let deleteFailure: Statement
    private let deleteFailures: Statement
    private let logLength: LogLength

    /// Opens the file and brings its schema up to date.
    /// - Parameter upgrading: also runs the migrations that wait for `data upgrade`.
    /// - Throws: `ControlError.damaged`, `.refused` for a folder of a newer version, or one that has to be upgraded.
    init(path: String, upgrading: Bool = false) throws {
        self.path = path
        segments = SegmentFolder(folder: URL(filePath: path).deletingLastPathComponent().path)
        do {
            try WriteAheadLog.check(ofStore: path)
            queue = try Self.open(path, upgrading: upgrading)
            connection = try queue.inDatabase { database in
                guard let connection = database.sqliteConnection else { throw StoreDamage("no connection") }
                return connection
            }
            begin = try Statement("BEGIN IMMEDIATE", on: connection)
            commit = try Statement("COMMIT", on: connection)
            insertChunk = try Statement("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?)", on: connection)
            insertBody = try Statement("INSERT INTO body VALUES (?, ?)", on: connection)
            putState = try Statement("INSERT OR REPLACE INTO chunk_state VALUES (?, ?)", on: connection)
            deleteState = try Statement("DELETE FROM chunk_state WHERE chunk = ?", on: connection)
            deleteChunk = try Statement("DELETE FROM chunk WHERE id = ?", on: connection)
            deleteBody = try Statement("DELETE FROM body WHERE chunk = ?", on: connection)
            addToLedger = try Statement(
                """
                INSERT INTO ledger VALUES (?, ?, ?)
                ON CONFLICT (account, entry) DO UPDATE SET n = n + excluded.n
                """, on: connection)
            archiveChunk = try Statement("INSERT OR REPLACE INTO archive VALUES (?, ?, ?, ?, ?, ?)", on: connection)
            readHeader = try Statement(
                """
                SELECT header, origin, checksum IS crc(id, queue, arrived, stood_still, header, origin)
                FROM chunk WHERE id = ?
                """, on: connection)
            readBody = try Statement(
                "SELECT data, checksum IS crc(chunk, data) FROM body WHERE chunk = ?", on: connection)
            rememberIDs = try Statement("INSERT OR REPLACE INTO deduplication VALUES (?, ?, ?, ?)", on: connection)
            insertFailure = try Statement("INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?)", on: connection)
            readFailures = try Statement(
                """
                SELECT failure, checksum IS crc(chunk, message, number, failure) FROM failure
                WHERE chunk = ? AND message = ? ORDER BY number
                """, on: connection)
            deleteFailure = try Statement(
                "DELETE FROM failure WHERE chunk = ? AND message = ? AND number = ?", on: connection)
            deleteFailures = try Statement("DELETE FROM failure WHERE chunk = ? AND message = ?", on: connection)
            logLength = LogLength(on: connection)
            if sqlite3_db_readonly(connection, "main") == 1 {
                throw SQLiteFailure(code: SQLITE_READONLY, message: "it can only be read")
            }
        } catch {
            throw Self.explain(error, path: path)
        }
    }

    // The hook points into `logLength`, which may go before the connection does.
    deinit { sqlite3_wal_hook(connection, nil, nil) }

    private static func open(_ path: String, upgrading: Bool) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "store"
        configuration.busyMode = .timeout(patience)
        configuration.prepareDatabase { database in
            try RowChecksum.register(on: database)
            // Of a new file only, and before anything else of it: free pages can then be given back.
            if try Int.fetchOne(database, sql: "PRAGMA page_count") == 0 {
                try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            }
            try database.execute(
                sql: """
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = FULL;
                    PRAGMA wal_autocheckpoint = 0;
                    PRAGMA secure_delete = FAST;
                    PRAGMA cache_size = -65536;
                    PRAGMA journal_size_limit = 67108864;
                    """)
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.read { database in
            if try Schema.migrator.hasBeenSuperseded(database) {
                throw ControlError.refused(
                    "'\(path)' was written by a newer version of Sluice; use that version, or another folder")
            }
            if !upgrading, try Schema.pending(database).contains(where: Schema.byHand.contains) {
                throw ControlError.refused(
                    "'\(path)' was written by an older version of Sluice, and is not changed without being asked: "
                        + "make a copy of the folder, then run `data upgrade`")
            }
        }
        try Schema.migrator.migrate(queue)
        // Whoever was overwriting free pages was killed, or was copied at it.
        try queue.inDatabase { try $0.execute(sql: "DROP TABLE IF EXISTS zeros") }
        let differences = try queue.read(Schema.differences)
        if !differences.isEmpty {
            throw ControlError.refused(
                "'\(path)' was written by a development version of Sluice, before \(Schema.firstRelease), whose tables "
                    + "were others (\(differences.joined(separator: ", "))), and there is no way to bring it to this one: "
                    + "let the version that wrote it deliver what is in it, or use another folder. (Or its first pages are "
                    + "damaged: then restore it from a backup.) Nothing was changed")
        }
        return queue
    }

    static func explain(_ error: any Error, path: String) -> any Error {
        let code: Int32? =
            switch error {
            case let error as DatabaseError: error.resultCode.rawValue
            case let error as SQLiteFailure: error.code & 0xFF
            default: nil
            }
        switch code {
        // A file that may be written and says that it may not is not what SQLite has written.
        case SQLITE_READONLY where access(path, W_OK) == 0: break
        case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY:
            return ControlError.forbidden("cannot open '\(path)': \(error); whose is the folder?")
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR: break
        default: guard error is StoreDamage else { return error }
        }
        return ControlError.damaged(
            "'\(path)' is damaged: \(error). Nothing was changed; `sluice data check` says what is wrong with it")
    }

    static func isDiskFull(_ error: any Error) -> Bool {
        switch error {
        case let error as DatabaseError:
            error.resultCode == .SQLITE_FULL || error.extendedResultCode == .SQLITE_IOERR_WRITE
        case let error as SQLiteFailure: error.isDiskFull
        default: false
        }
    }

    // MARK: One commit

    /// Runs `body` in one transaction; it is durable when this returns.
    func transaction(_ body: (Database) throws -> Void) throws {
        try queue.inDatabase { database in
            try begin.run()
            do {
                try body(database)
                try commit.run()
            } catch {
                // SQLite has rolled back by itself after some errors (a full disk); then there is nothing to roll back.
                if sqlite3_get_autocommit(connection) == 0 { try database.execute(sql: "ROLLBACK") }
                throw error
            }
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws -> Value { try queue.inDatabase(body) }

    /// The folder's own values: its id, its secret, the last moment it has seen.
    func folderValues() throws -> [String: Data] {
        try queue.inDatabase { database in
            let rows = try Row.fetchAll(database, sql: "SELECT name, CAST(value AS BLOB) AS value FROM folder")
            return try rows.reduce(into: [:]) { values, row in
                values[try row.decode(String.self, forColumn: "name")] = try row.decode(forColumn: "value")
            }
        }
    }

    /// - Parameter reference: for a replay's chunk, which has no bytes of its own.
    func insert(_ chunk: Chunk, _ content: ChunkContent, _ reference: ChunkReference? = nil) throws {
        insertChunk.bind(1, chunk.id)
        insertChunk.bind(2, chunk.queue)
        insertChunk.bind(3, chunk.arrived.milliseconds)
        insertChunk.bind(4, chunk.stoodStill)
        insertChunk.bind(6, reference?.origin)
        try insertChunk.run(binding: content.header, at: 5)
        let data = reference?.encodedPlaces ?? content.body
        insertBody.bind(1, chunk.id)
        try insertBody.run(binding: data, at: 2)
    }

    func putState(of chunk: Chunk) throws {
        putState.bind(1, chunk.id)
        try putState.run(binding: chunk.states.encoded(), at: 2)
    }

    func deleteState(of chunk: Int64) throws {
        deleteState.bind(1, chunk)
        try deleteState.run()
    }

    func deleteChunk(_ chunk: Int64) throws {
        deleteChunk.bind(1, chunk)
        try deleteChunk.run()
        deleteBody.bind(1, chunk)
        try deleteBody.run()
    }

    func archive(_ chunk: Chunk, until expires: Timestamp) throws {
        archiveChunk.bind(1, chunk.id)
        archiveChunk.bind(2, chunk.queue)
        archiveChunk.bind(3, chunk.arrived.milliseconds)
        archiveChunk.bind(4, expires.milliseconds)
        archiveChunk.bind(5, Int64(chunk.count))
        archiveChunk.bind(6, Int64(chunk.storedBytes))
        try archiveChunk.run()
    }

    func addToLedger(_ account: String, _ entry: LedgerEntry, _ count: Int) throws {
        addToLedger.bind(1, account)
        addToLedger.bind(2, entry.rawValue)
        addToLedger.bind(3, Int64(count))
        try addToLedger.run()
    }

    func remember(_ ids: ChunkDeduplication, ofChunk chunk: Int64) throws {
        rememberIDs.bind(1, chunk)
        rememberIDs.bind(2, ids.queue)
        rememberIDs.bind(3, ids.expires.milliseconds)
        try rememberIDs.run(binding: ids.encoded, at: 4)
    }

    /// Reads a chunk's headers and bodies from the file; a replay's has its bodies in the raw copy that it refers to.
    func content(of chunk: Int64) throws -> ChunkContent {
        var header: [UInt8]?
        var origin: Int64?
        readHeader.bind(1, chunk)
        try readHeader.forEachRow {
            guard $0.integer(2) == 1 else { throw Self.changed(chunk, "its headers are") }
            header = $0.blob(0)
            origin = $0.optionalInteger(1)
        }
        let data = try bodyData(of: chunk)
        guard let header, let data else {
            if let moved = try archivedContent(of: chunk) { return moved }
            throw StoreDamage("chunk \(chunk) is missing")
        }
        do {
            guard let origin else { return try ChunkContent(header: header, body: data) }
            let reference = try ChunkReference(origin: origin, encodedPlaces: data)
            return try ChunkContent(header: header, body: reference.bodies(of: content(of: origin)))
        } catch {
            throw StoreDamage("chunk \(chunk): \(error)")
        }
    }

    private func bodyData(of chunk: Int64) throws -> [UInt8]? {
        var data: [UInt8]?
        readBody.bind(1, chunk)
        try readBody.forEachRow {
            guard $0.integer(1) == 1 else { throw Self.changed(chunk, "its bytes are") }
            data = $0.blob(0)
        }
        return data
    }

    static func changed(_ chunk: Int64, _ what: String) -> StoreDamage {
        StoreDamage("chunk \(chunk): \(what) not those that were written (checksum)")
    }

    // MARK: Failures of messages that are still in their queues

    func insert(_ failure: Failure, number: Int, of message: MessageRef) throws {
        var writer = ByteWriter(reserving: 256)
        FailureCoding.write(failure, to: &writer)
        insertFailure.bind(1, message.chunk)
        insertFailure.bind(2, Int64(message.index))
        insertFailure.bind(3, Int64(number))
        try insertFailure.run(binding: writer.bytes, at: 4)
    }

    func forEachFailure(of message: MessageRef, _ visit: ([UInt8]) throws -> Void) throws {
        readFailures.bind(1, message.chunk)
        readFailures.bind(2, Int64(message.index))
        try readFailures.forEachRow {
            guard $0.integer(1) == 1 else { throw Self.changed(message.chunk, "failures of its messages are") }
            try visit($0.blob(0))
        }
    }

    func forgetFailure(_ number: Int, of message: MessageRef) throws {
        deleteFailure.bind(1, message.chunk)
        deleteFailure.bind(2, Int64(message.index))
        deleteFailure.bind(3, Int64(number))
        try deleteFailure.run()
    }

    func forgetFailures(of message: MessageRef) throws {
        deleteFailures.bind(1, message.chunk)
        deleteFailures.bind(2, Int64(message.index))
        try deleteFailures.run()
    }

    // MARK: The write-ahead log

    /// Pages in the write-ahead log after the last commit.
    var logPages: Int { logLength.pages }

    /// Moves what can be moved from the log into the file without waiting for anybody.
    func checkpoint() throws {
        let code = sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        guard code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED else {
            throw SQLiteFailure(code, on: connection)
        }
    }

    /// Moves everything into the file and empties the log: what was deleted is in neither.
    /// - Parameter waiting: for others who are at the log, as long as for a lock.
    /// - Returns: whether it is empty; false = somebody is at it.
    func truncateLog(waiting: Bool) throws -> Bool {
        if !waiting { sqlite3_busy_timeout(connection, 0) }
        defer { sqlite3_busy_timeout(connection, Int32(Self.patience * 1_000)) }
        let code = sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        guard code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED else {
            throw SQLiteFailure(code, on: connection)
        }
        return code == SQLITE_OK
    }

    /// Pages of the file, as of the last commit, and those of them that hold nothing.
    func pages() throws -> (all: Int, free: Int) {
        try queue.inDatabase { database in
            (
                all: try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0,
                free: try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
            )
        }
    }

    /// Overwrites every page that holds nothing any more, so that what was deleted is not on the disk either: fills
    /// the free pages with zeros, and frees them again. The log has it until it is emptied.
    func overwriteFreePages() throws {
        let pieceOfPages = 2_048
        try queue.inDatabase { database in
            try database.execute(sql: "CREATE TABLE IF NOT EXISTS zeros (data BLOB NOT NULL)")
            while let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count"), free > 0 {
                // An overflow page holds four bytes less than a page.
                let bytes = min(free, pieceOfPages) * 4_092
                try database.execute(sql: "INSERT INTO zeros VALUES (zeroblob(?))", arguments: [bytes])
                try checkpoint()
            }
            try database.execute(sql: "DROP TABLE zeros")
        }
    }
}

/// What SQLite says of the log's length after each commit.
private final class LogLength {
    private let count = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

    /// Takes the place of SQLite's own checkpoints, which use the same hook.
    init(on connection: OpaquePointer) {
        count.initialize(to: 0)
        sqlite3_wal_hook(
            connection,
            { count, _, _, pages in
                count?.assumingMemoryBound(to: Int32.self).pointee = pages
                return SQLITE_OK
            }, count)
    }

    deinit { count.deallocate() }

    var pages: Int { Int(count.pointee) }
}
