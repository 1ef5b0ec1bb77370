import Foundation
import Sluice
import Synchronization

/// The one folder of an embedded engine, locked by this process.
///
/// The lock is a flock: a kill frees it, and children never inherit it. Folder 0700, files 0600.
package final class DataFolder: Sendable {
    package let path: String
    private let lock: Mutex<Int32?>

    var storePath: String { path + "/store.db" }

    /// Locks the folder, and makes it if `create` says so.
    /// - Throws: `ControlError.busy` with the process that has it, `.unknown` if there is none, `.refused` without
    ///   the rights, `.damaged` if it was a data folder and its store is missing.
    package convenience init(_ path: String, create: Bool) throws {
        try self.init(path, create: create, repairing: false)
    }

    /// - Parameter repairing: also a folder whose repair was interrupted, or that has no store.
    init(_ path: String, create: Bool, repairing: Bool) throws {
        self.path = path
        if create {
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                let text = "cannot make the data folder '\(path)': \(error.localizedDescription)"
                let code = (error as? CocoaError)?.code
                let isRight = code == .fileWriteNoPermission || code == .fileWriteVolumeReadOnly
                throw isRight ? ControlError.forbidden(text) : .refused(text)
            }
        }
        let lockPath = path + "/lock"
        let file = open(lockPath, create ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.cannotOpen(lockPath, folder: path) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let owner = Self.owner(of: file)
            close(file)
            throw ControlError.busy("the data folder '\(path)' is in use by process \(owner)")
        }
        lock = Mutex(file)
        try Self.writeOwner(to: file)
        let isNew = !FileManager.default.fileExists(atPath: path + "/format")
        if !isNew { try Self.checkFormat(of: path) }
        umask(0o077)
        guard !repairing else { return }
        if RepairFolder.isUnfinished(path) {
            throw ControlError.damaged("the repair of '\(path)' was interrupted: `data check --repair` ends it")
        }
        if !isNew { try checkStore() }
    }

    func checkStore() throws {
        guard try !Self.hasContent(storePath) else { return }
        throw ControlError.damaged(
            "'\(path)' is a data folder, and its store.db is missing or empty: restore it from a backup, or use "
                + "another folder")
    }

    private static let formatText = "sluice data folder, format "
    private static let format = 1

    private static func checkFormat(of path: String) throws {
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path + "/format")), as: UTF8.self)
        guard text.hasPrefix(formatText), text.hasSuffix("\n"),
            let found = Int(text.dropFirst(formatText.count).dropLast()), found > 0
        else {
            throw ControlError.damaged(
                "the file 'format' of the data folder '\(path)' cannot be read: restore it from a backup, or use "
                    + "another folder")
        }
        guard found <= format else {
            throw ControlError.refused(
                "'\(path)' was written by a newer version of Sluice (format \(found)); use that version, or another "
                    + "folder")
        }
    }

    /// SQLite takes a file that is smaller than its smallest page for a new one.
    private static func hasContent(_ path: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
        return size.map { $0.intValue >= 512 } ?? false
    }

    /// Marks the folder as one that has a store: from now on a missing store is damage, not a new beginning.
    func markAsStore() throws {
        let marker = path + "/format"
        guard !FileManager.default.fileExists(atPath: marker) else { return }
        try Data("\(Self.formatText)\(Self.format)\n".utf8).write(
            to: URL(fileURLWithPath: marker), options: .atomic)
    }

    deinit { unlock() }

    /// Another process may open the folder from now on.
    func unlock() {
        lock.withLock { file in
            guard let open = file else { return }
            // Closing would do, but for a child that is between its fork and its exec just now: it has the file open too.
            flock(open, LOCK_UN)
            close(open)
            file = nil
        }
    }

    private static func cannotOpen(_ path: String, folder: String) -> ControlError {
        let code = errno
        let reason = String(cString: strerror(code))
        switch code {
        case ENOENT: return .unknown("'\(folder)' is not a data folder; `run`, `send` and `put` make one")
        case EACCES, EPERM, EROFS: return .forbidden("cannot open '\(path)': \(reason); whose is the folder?")
        default: return .refused("cannot open '\(path)': \(reason)")
        }
    }

    private static func owner(of file: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(file, &buffer, buffer.count, 0)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return text.isEmpty ? "(unknown)" : text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func writeOwner(to file: Int32) throws {
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(file, 0) == 0, pwrite(file, text, text.count, 0) == text.count else {
            throw ControlError.failed("cannot write the lock file: \(String(cString: strerror(errno)))")
        }
    }
}
