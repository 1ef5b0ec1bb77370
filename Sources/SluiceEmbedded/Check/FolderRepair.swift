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
        }
        guard !problems.isEmpty else { return RepairReport(problems: [], aside: resumed?.path) }
        return try FolderRepair(folder: folder, logger: logger).run(problems)
    }

    private func run(_ problems: [String]) throws -> RepairReport {
        // A file cannot have a colon everywhere.
        let name = Date().formatted(.iso8601).replacing(":", with: "")
        let aside = try RepairFolder(name, in: folder.path)
        do {
            let lost = try LostFile(path: aside.path + "/lost.jsonl")
            let counts = try build(aside, lost)
            try lost.finish()
            try aside.commit()
            let remaining = try DataCheck.problems(of: folder, logger: logger)
            return RepairReport(
                problems: problems, lost: counts, leftOut: lost.problems, aside: aside.path, remaining: remaining)
        } catch {
            if !RepairFolder.isUnfinished(folder.path) { try aside.abandon() }
            throw explain(error)
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
        for (table, loss) in losses.sorted(by: { $0.key < $1.key }) { try lost.say(.init(loss.text(table))) }
        let files = FileSalvage(database: database, folder: folder.path, aside: aside, lost: lost)
        try files.segments(lostRows: losses["segment"] != nil)
        try ChunkSalvage(database: database, lost: lost).run()
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
            let differences = try Schema.differences(source)
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

    /// Numbers that were given once are never given again, also those of rows that are gone.
    private func copyNumbers(from source: Database, to target: Database) throws {
        // When it is not known how far they went.
        let gap: Int64 = 1 << 32
        for name in try String.fetchAll(target, sql: "SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'")
        {
            let highest = try Int64.fetchOne(target, sql: "SELECT max(rowid) FROM \"\(name)\"") ?? 0
            var number = highest
            do {
                let said = try Int64.fetchOne(
                    source, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [name])
                number = max(said ?? 0, highest)
            } catch let error as DatabaseError where RowSalvage.isDamage(error) {
                number = highest + gap
            }
            try target.execute(sql: "DELETE FROM sqlite_sequence WHERE name = ?", arguments: [name])
            if number > 0 {
                try target.execute(
                    sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", arguments: [name, number])
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
