import Foundation
package import Logging
package import Sluice

/// A data folder made of a backup.
package enum FolderRestore {
    /// Makes the data folder `target` of the backup `backup`, which stays as it is. All steps of its pipelines are
    /// paused: what the backup holds may have been delivered since it was made.
    /// - Throws: `ControlError.unknown` when `backup` is none, `.failed` when `target` has something in it, `.busy`
    ///   while a process has `backup` open, `.damaged` when messages or settings in it cannot be read.
    package static func make(of backup: String, at target: String, logger: Logger) async throws -> RestoreReport {
        guard FileManager.default.fileExists(atPath: backup + "/format") else {
            throw ControlError.unknown("'\(backup)' is no backup; `backup TO` makes one")
        }
        let lock = try BackupLock(backup)
        defer { lock?.unlock() }
        return try await WholeFolder.make(at: target, besides: backup) { partial in
            let files = BackupFiles(from: backup, to: partial)
            try files.copyAll()
            try files.makeLock()
            let problems = try await DataCheck.problems(inFolder: partial, logger: logger)
            var report = try pause(partial, logger)
            report.problems = problems
            return report
        } finished: { report, path in
            report.problems = report.problems.map { $0.replacing(report.path, with: path) }
            report.path = path
        }
    }

    private static func pause(_ folder: String, _ logger: Logger) throws -> RestoreReport {
        do {
            let database = try StoreDatabase(path: folder + "/store.db")
            let state = StoreState(
                database: database, blobs: BlobFolder(folder: folder), clock: SystemClock(),
                catalogue: QueueCatalogue(), logger: logger)
            try state.load(processDied: true)
            let steps = state.pipelines.values.flatMap { $0.stages.map(\.step) }.sorted {
                $0.description < $1.description
            }
            for step in steps { try state.pause(step, reason: "restored from a backup") }
            if state.hasChanges { try state.flush() }
            guard try database.truncateLog(waiting: true) else {
                throw ControlError.failed("somebody reads '\(folder)/store.db'")
            }
            return RestoreReport(
                path: folder, messages: state.queues.values.reduce(0) { $0 + $1.depth.messages }, paused: steps,
                problems: [])
        } catch {
            throw StoreDatabase.explain(error, path: folder + "/store.db")
        }
    }
}
