import Crypto
import Foundation
import GRDB
package import Logging
import Sluice

/// Reads all that a folder stores and says what is wrong with it. Changes no message; a folder of an
/// older version is brought up to date first, as whenever it is opened.
package enum DataCheck {
    /// - Returns: what is wrong, one sentence each; empty = nothing.
    /// - Throws: `ControlError.busy` while a process has the folder, `.damaged` when it cannot be read at all.
    package static func problems(inFolder path: String, logger: Logger) async throws -> [String] {
        try problems(of: DataFolder(path, create: false), logger: logger)
    }

    static func problems(of folder: DataFolder, logger: Logger) throws -> [String] {
        let path = folder.path
        do {
            let database = try StoreDatabase(path: folder.storePath)
            var problems: [String] = []
            // One that finds the file itself damaged does not keep the others from looking.
            for part in [structure, rows, chunks, failures, segments] as [(StoreDatabase) throws -> [String]] {
                problems += try damage { try part(database) }
            }
            problems += try damage { try objects(database, path) }
            let balance = try damage { try ledger(database, path, logger) }
            // What cannot be read cannot be counted, and may be said by then.
            return problems + balance.filter { !problems.contains($0) }
        } catch {
            throw StoreDatabase.explain(error, path: folder.storePath)
        }
    }

    /// - Returns: what a look has found, or what has ended it.
    private static func damage(_ look: () throws -> [String]) throws -> [String] {
        do {
            return try look()
        } catch let error as StoreDamage {
            return ["\(error)"]
        } catch let error as DatabaseError where RowSalvage.isDamage(error) {
            return ["the file is damaged: \(error)"]
        } catch let error as SQLiteFailure where error.isDamage {
            return ["the file is damaged: \(error)"]
        }
    }

    /// Rows that are not as they were written; chunks say so themselves, each with its number.
    private static func rows(_ database: StoreDatabase) throws -> [String] {
        try database.read { connection in
            try RowChecksum.tables(connection).filter { !["chunk", "body"].contains($0) }.compactMap { table in
                let count = try RowChecksum.damagedRows(of: table, connection)
                return count > 0 ? RowChecksum.problem(count, table) : nil
            }
        }
    }

    private static func structure(_ database: StoreDatabase) throws -> [String] {
        try database.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }.filter { $0 != "ok" }
    }

    /// Every chunk's headers, bodies and states, raw copies included.
    private static func chunks(_ database: StoreDatabase) throws -> [String] {
        let rows = try database.read {
            try Row.fetchAll(
                $0, sql: "SELECT c.id, s.state FROM chunk c LEFT JOIN chunk_state s ON s.chunk = c.id ORDER BY c.id")
        }
        var problems: [String] = []
        for row in rows {
            let id: Int64 = row["id"]
            do {
                let content = try database.content(of: id)
                for index in 0..<content.count { _ = try content.header(at: index) }
                if let state = row["state"] as Data? {
                    _ = try ChunkStates(count: content.count, encoded: Array(state))
                }
            } catch {
                problems.append("\(error)")
            }
        }
        let orphans = try database.read {
            try Int.fetchOne(
                $0,
                sql: """
                    SELECT (SELECT count(*) FROM body WHERE chunk NOT IN (SELECT id FROM chunk))
                        + (SELECT count(*) FROM chunk_state WHERE chunk NOT IN (SELECT id FROM chunk))
                        + (SELECT count(*) FROM failure WHERE chunk NOT IN (SELECT chunk FROM chunk_state))
                        + (SELECT count(*) FROM archive WHERE chunk NOT IN (SELECT id FROM chunk))
                    """) ?? 0
        }
        if orphans > 0 { problems.append("\(orphans) rows belong to chunks that are not there") }
        return problems
    }

    /// Every chunk in every segment, and whether the files are those that the table knows.
    private static func segments(_ database: StoreDatabase) throws -> [String] {
        var problems: [String] = []
        let rows = try database.segments(ofQueue: nil)
        for row in rows {
            do {
                let reader = try database.segments.reader(row.file)
                let found = SegmentRow(
                    file: row.file, queue: row.queue, hour: row.hour, reader.index, stored: row.stored)
                if found != row { problems.append("the segment '\(row.file)' is not the one that the store knows") }
                for entry in reader.index.entries { _ = try reader.content(of: entry) }
            } catch {
                problems.append("\(error)")
            }
        }
        // Files that no row knows are what a kill has left of one that was being written, or that was over: the next start
        // removes them.
        return problems
    }

    private static func failures(_ database: StoreDatabase) throws -> [String] {
        var problems: [String] = []
        try database.read { connection in
            let rows = try Row.fetchCursor(connection, sql: "SELECT chunk, message, failure FROM failure")
            while let row = try rows.next() {
                do {
                    var reader = ByteReader(Array(try row.decode(Data.self, forColumn: "failure")))
                    _ = try FailureCoding.read(from: &reader)
                } catch {
                    let (chunk, message): (Int64, Int) = (row["chunk"], row["message"])
                    problems.append("a failure of message \(message) of chunk \(chunk) cannot be read: \(error)")
                }
            }
        }
        return problems
    }

    /// Whether the bytes of every object are there, and are those that were stored.
    private static func objects(_ database: StoreDatabase, _ folder: String) throws -> [String] {
        let blobs = BlobFolder(folder: folder)
        var problems: [String] = []
        // Several objects may have the same.
        var isWhole: [String: Bool] = [:]
        try database.read { connection in
            let rows = try Row.fetchCursor(connection, sql: "SELECT * FROM object ORDER BY id")
            while let row = try rows.next() {
                let object = try StoredObject(row: row)
                let blob: String = try row.decode(forColumn: "blob")
                let path = blobs.path(of: blob)
                var status = stat()
                if stat(path, &status) != 0 {
                    problems.append("the bytes of the object '\(object.object)' are not there ('\(path)')")
                } else if status.st_size != object.size {
                    problems.append(
                        "the object '\(object.object)' has \(object.size) bytes, and '\(path)' has \(status.st_size)")
                } else {
                    let whole = isWhole[blob] ?? Self.isWhole(path, blob, object.size)
                    isWhole[blob] = whole
                    if !whole {
                        problems.append(
                            "the object '\(object.object)': the bytes in '\(path)' are not those that were stored")
                    }
                }
            }
        }
        return problems
    }

    /// Whether the bytes of an object are those that were stored.
    static func isWhole(_ path: String, _ blob: String, _ size: Int) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size == size else { return false }
        do { return try sha256(ofFile: path) == blob } catch { return false }  // it cannot be read
    }

    private static func sha256(ofFile path: String) throws -> String {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { file.closeFile() }
        var hash = SHA256()
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
        return hash.finalize().hex
    }

    private static func ledger(_ database: StoreDatabase, _ folder: String, _ logger: Logger) throws -> [String] {
        let state = StoreState(
            database: database, blobs: BlobFolder(folder: folder), clock: SystemClock(), catalogue: QueueCatalogue(),
            logger: logger)
        try state.load(processDied: true)
        return try state.status(pipeline: nil, registry: nil, diskFull: false).discrepancies
    }
}
