import Foundation
import GRDB
package import Logging
package import Sluice

/// Makes a store of what can be read of one that is damaged. Nothing is made up: what cannot be read is left out and
/// counted, and the files of before stay in `damaged/`.
///
/// Every row that is as it was written goes into a new store; chunks of which a part is missing go out of it again, and
/// files that are not as they were written out of the folder. The ledger counts as `lost` what entered a queue, has not
/// left it, and is not there.
package struct FolderRepair {
    private let folder: DataFolder
    private let logger: Logger

    /// - Throws: `ControlError.busy` while a process has the folder, `.damaged` when what is damaged says what queues and
    ///   pipelines there are, or what was counted: that only a backup can bring back.
    package static func run(inFolder path: String, logger: Logger) throws -> RepairReport {
        let folder = try DataFolder(path, create: false, repairing: true)
        let resumed = try RepairFolder(unfinishedIn: path)
        try resumed?.finish()
        try folder.checkStore()
        var problems: [String]
        do {
            problems = try DataCheck.problems(of: folder, logger: logger)
        } catch ControlError.damaged(let text) {
            problems = [text]
        } catch let error as DatabaseError where RowSalvage.isDamage(error) {
            problems = ["\(error)"]
        } catch let error as SQLiteFailure where error.isDamage {
            problems = ["\(error)"]
        }
        guard !problems.isEmpty else { return RepairReport(problems: [], aside: resumed?.path) }
        return try FolderRepair(folder: folder, logger: logger).run(problems)
    }

    private func run(_ problems: [String]) throws -> RepairReport {
        let aside = try RepairFolder(at: Date(), in: folder.path)
        let counts: [String: Int]
        let lost: LostFile
        do {
            lost = try LostFile(path: aside.path + "/lost.jsonl")
            counts = try build(aside, lost)
            try lost.finish()
        } catch {
            let failure = explain(error)
            do {
                try aside.abandon()
            } catch {
                throw ControlError.failed("\(failure); '\(aside.path)' is left behind: \(error)")
            }
            throw failure
        }
        // From here on what is in `aside` may be the only copy: nothing takes it away any more.
        try aside.commit()
        return RepairReport(
            problems: problems, lost: counts, leftOut: lost.problems, aside: aside.path, remaining: check())
    }

    private func check() -> [String] {
        do {
            return try DataCheck.problems(of: folder, logger: logger)
        } catch {
            return ["the repaired folder could not be checked: \(error)"]
        }
    }

    private func explain(_ error: any Error) -> any Error {
        let found = StoreDatabase.explain(error, path: folder.storePath)
        guard case ControlError.damaged = found, !(error is ControlError) else { return found }
        return ControlError.damaged(
            "'\(folder.storePath)' cannot be repaired: \(error). Restore the folder from a backup. Nothing was changed")
    }

    /// - Returns: how many messages are lost, by queue.
    private func build(_ aside: RepairFolder, _ lost: LostFile) throws -> [String: Int] {
        let path = RepairFolder.newStore(in: folder.path)
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.removeItem(atPath: path + suffix)
        }
        let database = try StoreDatabase(path: path)
        let losses = try copyRows(to: database)
        try takeNewNumbers(database)
        for (table, loss) in losses.sorted(by: { $0.key < $1.key }) { try lost.say(.init(loss.text(table))) }
        let files = FileSalvage(database: database, folder: folder.path, aside: aside, lost: lost)
        try files.segments()
        try ChunkSalvage(
            database: database, lost: lost, lostStates: losses["chunk_state"] ?? .init(),
            lostArchiveRows: losses["archive"] ?? .init()
        ).run()
        try files.objects()
        let counts = try balance(database)
        guard try database.truncateLog(waiting: true) else {
            throw ControlError.failed("somebody reads '\(path)'")
        }
        return counts
    }

    // MARK: Rows

    /// What they say cannot be left out, and nobody else knows it.
    private static let indispensable: Set = [
        "folder", "queue", "pipeline", "pause", "ledger", "bucket", "split_position", "replay",
    ]

    private func copyRows(to database: StoreDatabase) throws -> [String: RowSalvage.Loss] {
        var configuration = Configuration()
        // What closes a log moves it into the file: the files of before are to stay as they are.
        configuration.readonly = true
        configuration.prepareDatabase(RowChecksum.register)
        let damaged = try DatabaseQueue(path: folder.storePath, configuration: configuration)
        var losses: [String: RowSalvage.Loss] = [:]
        try damaged.inDatabase { source in
            // What a kill has left of overwriting free pages.
            let differences = try Schema.differences(source).filter { $0 != "zeros" }
            guard differences.isEmpty else {
                throw StoreDamage(
                    "its tables are not those that it should have (\(differences.joined(separator: ", ")))")
            }
            try database.transaction { target in
                // The id and the secret of a folder that was only just made.
                try target.execute(sql: "DELETE FROM folder")
                for table in try RowChecksum.tables(target) {
                    let loss = try RowSalvage(table, from: source, to: target).copy()
                    if !loss.isEmpty { losses[table] = loss }
                    if Self.indispensable.contains(table) { try checkStructure(of: table, source) }
                }
                try copyNumbers(from: source, to: target)
            }
        }
        let missing = losses.filter { Self.indispensable.contains($0.key) }
        guard missing.isEmpty else {
            let texts = missing.map { $0.value.text($0.key) }.sorted().joined(separator: "; ")
            throw ControlError.damaged(
                "'\(folder.storePath)' cannot be repaired: what cannot be read stands nowhere else (\(texts)). Restore the "
                    + "folder from a backup. Nothing was changed")
        }
        return losses
    }

    /// Rows can be gone without a trace in the others: only the structure says so.
    private func checkStructure(of table: String, _ source: Database) throws {
        let found = try String.fetchAll(source, sql: "PRAGMA integrity_check('\(table)')").filter { $0 != "ok" }
        guard found.isEmpty else {
            throw StoreDamage("the table '\(table)' is not whole: \(found.joined(separator: "; "))")
        }
    }

    private func copyNumbers(from source: Database, to target: Database) throws {
        for name in try Self.numbered(target) {
            var number: Int64?
            do {
                number = try Int64.fetchOne(
                    source, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [name])
            } catch let error as DatabaseError where RowSalvage.isDamage(error) {
                number = nil
            }
            // No checksum holds it: one that cannot be is none.
            if let number, (1...Self.highestNumber).contains(number) { try Self.set(number, of: name, target) }
        }
    }

    private static func numbered(_ database: Database) throws -> [String] {
        try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'")
    }

    private static func set(_ number: Int64, of name: String, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM sqlite_sequence WHERE name = ?", arguments: [name])
        try database.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", arguments: [name, number])
    }

    /// Of a FIFO sequence number the upper 47 bits are a chunk's.
    private static let highestNumber: Int64 = 1 << 45
    /// More than were given since the damage, if numbers are damaged, or those who got them behind a damaged log.
    private static let gap: Int64 = 1 << 32

    /// Numbers that were given once are never given again, also those of what is lost: an old receipt would fit a new
    /// message.
    private func takeNewNumbers(_ database: StoreDatabase) throws {
        try database.transaction { connection in
            let places = [
                "chunk": """
                SELECT max(n) FROM (SELECT max(id) AS n FROM chunk UNION ALL SELECT max(last) FROM segment
                UNION ALL SELECT max(chunk) FROM archive UNION ALL SELECT max(chunk) FROM deduplication)
                """
            ]
            for name in try Self.numbered(connection) {
                let said = try Int64.fetchOne(
                    connection, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [name])
                let highest = try Int64.fetchOne(
                    connection, sql: places[name] ?? "SELECT max(rowid) FROM \"\(name)\"")
                try Self.set(min(max(said ?? 0, highest ?? 0), Self.highestNumber) + Self.gap, of: name, connection)
            }
        }
    }

    // MARK: The ledger

    /// Counts what is lost, with a line for the audit.
    private func balance(_ database: StoreDatabase) throws -> [String: Int] {
        let state = StoreState(
            database: database, blobs: BlobFolder(folder: folder.path), clock: SystemClock(),
            catalogue: QueueCatalogue(),
            logger: logger)
        try state.load(processDied: true)
        var counts: [String: Int] = [:]
        let time = state.now.milliseconds
        for queue in state.queues.values {
            let account = LedgerBook.account(ofQueue: queue.id)
            let figures = state.ledger[account]
            let entered = LedgerEntry.entered.reduce(0) { $0 + (figures[$1] ?? 0) }
            let left = LedgerEntry.left.reduce(0) { $0 + (figures[$1] ?? 0) }
            let count = entered - left - queue.depth.messages
            guard count >= 0 else {
                throw StoreDamage(
                    "more messages are in '\(queue.name)' than its ledger knows of: what can be read is of different moments"
                )
            }
            guard count > 0 else { continue }
            let name = queue.name
            counts[name] = count
            state.ledger.add(account, .lost, count)
            state.execute {
                try $0.execute(
                    sql: "INSERT INTO audit VALUES (?, 'data check --repair', ?, ?, '', 'what could not be read')",
                    arguments: [time, name, count])
            }
        }
        if state.hasChanges { try state.flush() }
        return counts
    }
}
