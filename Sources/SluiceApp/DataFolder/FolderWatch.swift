import Sluice
import Synchronization

#if os(Linux)
    import Glibc
#endif

/// Wakes whoever waits for another process to let a data folder go, or to open its socket there: closing the lock
/// file and making the socket are both changes in the folder.
final class FolderWatch: Sendable {
    #if os(Linux)
        private let changes: FolderChanges
        private let seen = Mutex<UInt64>(0)

        /// From here on changes are remembered: begin to watch, look, then wait.
        /// - Throws: `ControlError.failed`, `.forbidden`.
        init(folder: String, for changes: Changes = .folder) throws {
            // What changed does not matter; the caller looks for itself.
            self.changes = try FolderChanges(of: changes.events) { _ in true }
            try self.changes.watch([folder], mayBeAbsent: false)
        }

        /// Returns after a change, or after `limit`.
        /// - Throws: `CancellationError`.
        func wait(atMost limit: Duration) async throws {
            let (signal, seen) = (changes.signal, seen.withLock { $0 })
            do {
                try await withTimeout(max(.zero, limit)) { try await signal.wait(after: seen) }
            } catch is TimeoutError {
                return
            }
            self.seen.withLock { $0 = signal.version }
        }
    #else
        init(folder: String, for changes: Changes = .folder) throws {}

        /// There is no watching here: looks again after a moment.
        func wait(atMost limit: Duration) async throws {
            try await ContinuousClock().sleep(for: min(limit, .milliseconds(100)))
        }
    #endif
}

extension FolderWatch {
    /// What somebody waits for.
    enum Changes {
        /// The lock is free, or the socket is there.
        case folder
        /// A folder or a file is new.
        case names
        /// A file was written to, or is new.
        case writes

        #if os(Linux)
            fileprivate var events: Int32 {
                switch self {
                case .folder: IN_CREATE | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE | IN_ATTRIB | IN_DELETE | IN_MOVED_TO
                case .names: IN_CREATE | IN_MOVED_TO
                case .writes: IN_CREATE | IN_MODIFY
                }
            }
        #endif
    }
}
