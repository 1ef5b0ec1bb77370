import DequeModule
import Sluice
import SluiceEmbedded

/// The logs in a data folder, read from its files: it needs nobody who runs.
struct EmbeddedLogs: LogStore {
    let folder: String

    func pipelines() throws -> [String] { try LogCursor.pipelines(dataFolder: folder) }

    func read(_ query: LogQuery, follow: Bool, _ take: ([LogEntry]) throws -> Void) async throws -> Int {
        var filter = LogFilter(query)
        var cursor = LogCursor(
            pipeline: query.pipeline, dataFolder: folder, since: query.since, lastFiles: query.fewFiles)
        if let last = query.last {
            var kept = try Self.tail(last, &cursor, &filter)
            var files = 1
            while kept.count < last, !cursor.hasAll {
                files *= 4
                filter = LogFilter(query)
                cursor = LogCursor(
                    pipeline: query.pipeline, dataFolder: folder, since: query.since, lastFiles: files)
                kept = try Self.tail(last, &cursor, &filter)
            }
            try take(kept)
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

    /// The last entries of what is there now.
    private static func tail(
        _ count: Int, _ cursor: inout LogCursor, _ filter: inout LogFilter
    ) throws -> [LogEntry] {
        var kept: Deque<LogEntry> = []
        while let entries = try cursor.next() {
            for entry in entries where filter.wants(entry) {
                kept.append(entry)
                if kept.count > count { kept.removeFirst() }
            }
            try Task.checkCancellation()
        }
        return Array(kept)
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

extension LogQuery {
    /// A log may be large, and its last lines are in its last file: only if they are not, more are read. The invocations
    /// of a record are known from their beginning.
    fileprivate var fewFiles: Int? { last != nil && record == nil ? 1 : nil }
}
