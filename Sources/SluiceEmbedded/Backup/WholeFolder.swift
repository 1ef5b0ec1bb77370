import Foundation
import Sluice

/// A folder that is there with all of its content, or not at all: it is filled under another name, beside it, and takes
/// its own when everything in it is on the disk.
enum WholeFolder {
    /// - Throws: `ControlError.failed` when something is there already, `.forbidden` without the rights.
    static func make<Result>(
        at path: String, _ fill: (String) async throws -> Result, finished: (inout Result) -> Void
    ) async throws -> Result {
        guard try isFree(path) else {
            throw ControlError.failed("'\(path)' is there already, and not empty: nothing was changed; name another")
        }
        umask(0o077)
        let partial = "\(path).partial-\(getpid())"
        do {
            try FileManager.default.createDirectory(
                atPath: partial, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ControlError.forbidden("cannot make '\(partial)': \(error.localizedDescription)")
        }
        do {
            var result = try await fill(partial)
            try sync(partial)
            guard rename(partial, path) == 0 else {
                throw ControlError.failed("'\(path)' cannot be named: \(BlobFolder.lastError)")
            }
            try BlobFolder.sync(folder: URL(filePath: path).deletingLastPathComponent().path)
            finished(&result)
            return result
        } catch {
            let failure = error
            do {
                try FileManager.default.removeItem(atPath: partial)
            } catch {
                throw ControlError.failed("\(failure); '\(partial)' is left behind: \(error.localizedDescription)")
            }
            throw failure
        }
    }

    private static func isFree(_ path: String) throws -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return true }
        guard status.st_mode & S_IFMT == S_IFDIR else { return false }
        return try FileManager.default.contentsOfDirectory(atPath: path).isEmpty
    }

    /// All files, and then the folders that have their names.
    private static func sync(_ folder: String) throws {
        var folders = [folder]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let path = "\(folder)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: folders.append(path)
            case S_IFREG: try sync(file: path)
            default: break
            }
        }
        for folder in folders.reversed() { try BlobFolder.sync(folder: folder) }
    }

    private static func sync(file path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ControlError.failed("cannot open '\(path)': \(BlobFolder.lastError)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw ControlError.failed("cannot sync '\(path)': \(BlobFolder.lastError)")
        }
    }
}
