import DequeModule
import Sluice
import SluiceEmbedded

/// The logs in a data folder, read from its files: it needs nobody who runs.
struct EmbeddedLogs: LogStore {
    let folder: String

    func pipelines() throws -> [String] { try LogCursor.pipelines(dataFolder: folder) }

    func read(_ query: LogQuery, follow: Bool, _ take: ([LogEntry]) throws -> Void) async throws -> Int {
        var filter = LogFilter(query)
        var cursor = LogCursor(pipeline: query.pipeline, dataFolder: folder, since: query.since)
        if let last = query.last {
            var kept: Deque<LogEntry> = []
            while let entries = try cursor.next() {
                for entry in entries where filter.wants(entry) {
                    kept.append(entry)
                    if kept.count > last { kept.removeFirst() }
                }
                try Task.checkCancellation()
            }
            try take(Array(kept))
        }
        while true {
            // Watched before it is looked at: what comes between the two is not missed.
            let watch = follow ? try watch(query.pipeline) : nil
            while let entries = try cursor.next() {
                try take(entries.filter { filter.wants($0) })
                try Task.checkCancellation()
            }
            guard let watch else { return cursor.unreadable }
            try await watch.wait(atMost: Self.longestWait)
        }
    }

    /// Where no event comes, because there is a folder now that was not there, one look more is enough.
    private static let longestWait: Duration = .hours(1)

    /// The innermost folder of the log that is there.
    private func watch(_ pipeline: String) throws -> FolderWatch {
        let folders = LogCursor.folders(of: pipeline, dataFolder: folder)
        while true {
            let innermost = folders.last(where: FolderLocation.isDirectory) ?? folder
            let watch = try FolderWatch(folder: innermost, for: innermost == folders.last ? .writes : .names)
            // It may have come into being meanwhile.
            if folders.last(where: FolderLocation.isDirectory) ?? folder == innermost { return watch }
        }
    }
}
