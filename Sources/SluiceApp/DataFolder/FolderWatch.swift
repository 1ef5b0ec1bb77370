import NIOPosix
import Sluice

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Wakes whoever waits for another process to let a data folder go, or to open its socket there: closing the lock
/// file and making the socket are both changes in the folder.
struct FolderWatch: ~Copyable {
    #if os(Linux)
        private let descriptor: CInt
        /// A pipe that is written to when the waiting task is cancelled.
        private let wakeUp: (read: CInt, write: CInt)

        /// From here on changes are remembered: begin to watch, look, then wait.
        /// - Throws: `ControlError.failed`, `.forbidden`.
        init(folder: String, for changes: Changes = .folder) throws {
            descriptor = inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK))
            guard descriptor >= 0 else { throw ControlError.failed("inotify: \(String(cString: strerror(errno)))") }
            var ends: [CInt] = [-1, -1]
            guard pipe(&ends) == 0, inotify_add_watch(descriptor, folder, changes.mask) >= 0 else {
                let error = errno
                for open in ends + [descriptor] where open >= 0 { close(open) }
                if error == EACCES { throw ControlError.forbidden("no permission for the data folder '\(folder)'") }
                throw ControlError.failed("'\(folder)' cannot be watched: \(String(cString: strerror(error)))")
            }
            wakeUp = (ends[0], ends[1])
        }

        deinit {
            close(descriptor)
            close(wakeUp.read)
            close(wakeUp.write)
        }

        /// Returns after a change, or after `limit`, on a thread that may block.
        /// - Throws: `CancellationError`.
        func wait(atMost limit: Duration) async throws {
            let (descriptor, wakeUp) = (descriptor, wakeUp)
            try await withTaskCancellationHandler {
                try await NIOThreadPool.singleton.runIfActive {
                    var entries = [descriptor, wakeUp.read].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
                    guard poll(&entries, 2, CInt(clamping: max(1, limit.milliseconds))) > 0 else { return }
                    // What changed does not matter; the caller looks for itself.
                    withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 8) { buffer in
                        while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
                    }
                }
            } onCancel: {
                var byte: UInt8 = 0
                write(wakeUp.write, &byte, 1)
            }
            try Task.checkCancellation()
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
            fileprivate var mask: UInt32 {
                switch self {
                case .folder:
                    UInt32(IN_CREATE | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE | IN_ATTRIB | IN_DELETE | IN_MOVED_TO)
                case .names: UInt32(IN_CREATE | IN_MOVED_TO)
                case .writes: UInt32(IN_CREATE | IN_MODIFY)
                }
            }
        #endif
    }
}
