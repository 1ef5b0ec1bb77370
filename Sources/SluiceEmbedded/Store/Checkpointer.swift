import Dispatch
import Foundation
import GRDBSQLite
import Logging
import Sluice
import Synchronization

/// Moves the write-ahead log into the file beside the writer, on a thread and a connection of its own.
///
/// A checkpoint syncs the file, which takes many times as long as a commit: done by the writer it would be the slowest
/// answer of all. When it is done, the writer moves the few frames that have come since, so that the log can begin
/// anew; without that last step the log of a busy writer grows for ever.
final class Checkpointer: Sendable {
    /// The length of the log, in pages, from which on it is worth moving.
    private static let pages = 1_000

    private let signal = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let isBusy = Atomic<Bool>(false)
    private let isDone = Atomic<Bool>(false)
    private let isStopping = Atomic<Bool>(false)

    /// Starts the thread.
    /// - Throws: `SQLiteFailure` if the file cannot be opened a second time.
    static func start(path: String, logger: Logger) throws(SQLiteFailure) -> Checkpointer {
        let checkpointer = Checkpointer()
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let connection = opened else {
            defer { sqlite3_close_v2(opened) }
            throw SQLiteFailure(code)
        }
        // Without it a connection does not know that there is a log, and its checkpoints do nothing.
        let read = sqlite3_exec(connection, "SELECT count(*) FROM sqlite_schema", nil, nil, nil)
        guard read == SQLITE_OK else {
            defer { sqlite3_close_v2(connection) }
            throw SQLiteFailure(read, on: connection)
        }
        // The connection is used by this thread alone, from here on.
        let handed = Handed(connection: connection)
        let thread = Thread { checkpointer.run(handed.connection, logger) }
        thread.name = "sluice-checkpoint"
        thread.start()
        return checkpointer
    }

    /// Told by the writer after each commit.
    /// - Returns: whether the writer should move what is left of the log itself, now.
    func committed(logPages: Int) -> Bool {
        if isDone.exchange(false, ordering: .acquiringAndReleasing) { return true }
        if logPages >= Self.pages, !isBusy.exchange(true, ordering: .acquiringAndReleasing) { signal.signal() }
        return false
    }

    /// Returns when the file is closed: whoever opens it next finds no lock of ours.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        signal.signal()
        ended.wait()
    }

    private func run(_ connection: OpaquePointer, _ logger: Logger) {
        defer {
            sqlite3_close_v2(connection)
            ended.signal()
        }
        while true {
            signal.wait()
            if isStopping.load(ordering: .acquiring) { return }
            let code = sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
            if code != SQLITE_OK && code != SQLITE_BUSY && code != SQLITE_LOCKED {
                // The log keeps what could not be moved; the next commit asks again.
                logger.warning(
                    "the write-ahead log could not be moved into the file",
                    metadata: ["error": "\(SQLiteFailure(code, on: connection))"])
            }
            isDone.store(true, ordering: .releasing)
            isBusy.store(false, ordering: .releasing)
        }
    }

    /// Carries the connection to its thread. Nobody else keeps it, so that it is never used by two threads at once.
    private struct Handed: @unchecked Sendable { let connection: OpaquePointer }
}
