import Foundation
import Sluice
import Synchronization

#if os(Linux)
    import Glibc

    /// The kernel's word that something has changed in some folders: inotify. What it was does not matter, whoever is
    /// told looks for itself.
    final class FolderChanges: Sendable {
        /// Notified by each change of a name that counts.
        let signal = Signal()
        private let descriptor: CInt
        private let source: Mutex<any DispatchSourceRead>
        private let watched = Mutex<Set<CInt>>([])

        private let events: UInt32

        /// Not when a file is written to, but when its writer has closed it: half a file is nobody's wish.
        static let wholeFiles =
            IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF

        /// - Parameters:
        ///   - events: inotify's, of a folder.
        ///   - counts: whether a change of the file or folder of this name is one.
        /// - Throws: `ControlError.failed`.
        init(of events: Int32 = wholeFiles, counts: @escaping @Sendable (_ name: String) -> Bool) throws {
            self.events = UInt32(events | IN_ONLYDIR)
            let descriptor = inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK))
            guard descriptor >= 0 else { throw Self.failure("inotify") }
            self.descriptor = descriptor
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
            source.setEventHandler { [signal] in
                if Self.readAll(from: descriptor, counts) { signal.notify() }
            }
            source.setCancelHandler { close(descriptor) }
            source.activate()
            self.source = Mutex(source)
        }

        deinit { source.withLock { $0.cancel() } }

        /// From here on changes in these folders count, and only in these. One that is not there is passed over: that
        /// it comes is a change of the folder above it.
        /// - Parameter mayBeAbsent: false = one that is not there is an error.
        /// - Throws: `ControlError.failed` when the kernel does not watch so many, `.forbidden`.
        func watch(_ folders: Set<String>, mayBeAbsent: Bool = true) throws {
            try watched.withLock { watched in
                var present: Set<CInt> = []
                for folder in folders {
                    let watch = inotify_add_watch(descriptor, folder, events)
                    if watch >= 0 {
                        present.insert(watch)
                    } else if errno == ENOSPC {
                        throw ControlError.failed(
                            "the kernel does not watch so many folders (\(folders.count)); raise "
                                + "fs.inotify.max_user_watches")
                    } else if !mayBeAbsent || (errno != ENOENT && errno != ENOTDIR) {
                        throw Self.failure("'\(folder)' cannot be watched")
                    }
                }
                for gone in watched.subtracting(present) { inotify_rm_watch(descriptor, gone) }
                watched = present
            }
        }

        private static func failure(_ what: String) -> ControlError {
            let text = "\(what): \(String(cString: strerror(errno)))"
            return errno == EACCES ? .forbidden(text) : .failed(text)
        }

        /// - Returns: whether any of the events counts.
        private static func readAll(from descriptor: CInt, _ counts: (String) -> Bool) -> Bool {
            var found = false
            withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { buffer in
                while true {
                    let count = read(descriptor, buffer.baseAddress, buffer.count)
                    guard count > 0 else { return }
                    var offset = 0
                    while offset + MemoryLayout<inotify_event>.size <= count {
                        let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                        let start = offset + MemoryLayout<inotify_event>.size
                        let name = buffer[start..<min(start + Int(event.len), count)].prefix { $0 != 0 }
                        offset = start + Int(event.len)
                        // Our own removal of a watch.
                        if event.mask & UInt32(IN_IGNORED) != 0 { continue }
                        // Without a name it is the folder itself, or more than the kernel could keep.
                        found = found || name.isEmpty || counts(String(decoding: name, as: UTF8.self))
                    }
                }
            }
            return found
        }
    }
#endif
