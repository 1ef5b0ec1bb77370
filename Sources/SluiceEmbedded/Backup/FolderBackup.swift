import Foundation
import GRDB
package import Logging
package import Sluice

/// A copy of a data folder as it was at one moment, made while a process works with it or while none does.
///
/// The store is copied by SQLite, in one read transaction, without what was deleted. Objects and segments never change
/// once they have their names, so that they can be copied behind it; one that is deleted meanwhile is not in a later
/// copy of the store. What a log says is not in a backup.
package struct FolderBackup {
    private let folder: String
    private let files: BackupFiles
    private let target: String
    private let logger: Logger

    /// Makes the backup `target`: whole, and on the disk, when this returns; else there is nothing.
    /// - Throws: `ControlError.unknown` when `folder` is no data folder, `.failed` when `target` is there already.
    package static func make(of folder: String, at target: String, logger: Logger) async throws -> BackupReport {
        guard FileManager.default.fileExists(atPath: folder + "/format") else {
            throw ControlError.unknown("'\(folder)' is not a data folder")
        }
        return try await WholeFolder.make(at: target, besides: folder) { partial in
            try await FolderBackup(
                folder: folder, files: BackupFiles(from: folder, to: partial), target: partial, logger: logger
            ).fill()
        } finished: { report, path in
            report.problems = report.problems.map { $0.replacing(report.path, with: path) }
            report.path = path
        }
    }

    private func fill() async throws -> BackupReport {
        var referenced = try copyStore()
        var missing = try files.copy(referenced)
        var rounds = 1
        // What is missing was deleted meanwhile, mostly: then a later copy of the store does not ask for it.
        while !missing.isEmpty, rounds < Self.mostRounds {
            rounds += 1
            referenced = try copyStore()
            let still = try files.copy(referenced)
            if still == missing { break }
            missing = still
        }
        try files.keep(only: referenced)
        try files.copyRest()
        try files.makeLock()
        let problems = try await DataCheck.problems(inFolder: target, logger: logger)
        let messages = try problems.isEmpty ? countMessages() : nil
        try files.forgetTraces()
        return BackupReport(
            path: target, bytes: try files.bytes(), messages: messages, objects: referenced.blobs.count,
            segments: referenced.segments.count, problems: problems)
    }

    /// Each round copies what is new in the store of then.
    private static let mostRounds = 10

    /// - Returns: the files that the copy refers to.
    private func copyStore() throws -> BackupFiles.Referenced {
        let copy = target + "/store.db"
        try files.remove(copy)
        // Held until SQLite has read the log: nobody may come in between and find it cut off.
        let lock = try lockIfFree()
        defer { lock?.unlock() }
        do {
            if let lock { try WriteAheadLog.check(ofStore: lock.storePath) }
            var configuration = Configuration()
            configuration.busyMode = .timeout(30)
            // Beside whoever has the folder it must not be the one that closes the log.
            configuration.readonly = lock == nil
            configuration.prepareDatabase(RowChecksum.register)
            let database = try DatabaseQueue(path: folder + "/store.db", configuration: configuration)
            try database.inDatabase { try $0.execute(sql: "VACUUM INTO ?", arguments: [copy]) }
            try database.close()
        } catch {
            throw StoreDatabase.explain(error, path: folder + "/store.db")
        }
        return try DatabaseQueue(path: copy).read { database in
            BackupFiles.Referenced(
                blobs: try String.fetchSet(database, sql: "SELECT blob FROM object"),
                segments: try String.fetchSet(database, sql: "SELECT file FROM segment"))
        }
    }

    /// `nil` = a process has the folder.
    private func lockIfFree() throws -> DataFolder? {
        do {
            return try DataFolder(folder, create: false)
        } catch ControlError.busy {
            return nil
        }
    }

    private func countMessages() throws -> Int {
        let database = try StoreDatabase(path: target + "/store.db")
        let state = StoreState(
            database: database, blobs: BlobFolder(folder: target), clock: SystemClock(), catalogue: QueueCatalogue(),
            logger: logger)
        try state.load(processDied: true)
        return state.queues.values.reduce(0) { $0 + $1.depth.messages }
    }
}
