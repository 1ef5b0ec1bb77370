import Foundation
import Sluice

/// A folder that is there with all of its content, or not at all: it is filled under another name, beside it, and takes
/// its own when everything in it is on the disk.
enum WholeFolder {
    /// - Parameter source: a folder that it may not be in.
    /// - Throws: `ControlError.failed` when something is there already, `.forbidden` without the rights.
    static func make<Result>(
        at target: String, besides source: String, _ fill: (String) async throws -> Result,
        finished: (inout Result, String) -> Void
    ) async throws -> Result {
        let path = URL(filePath: target).standardizedFileURL.path.trimmingSuffix("/")
        let parent = URL(filePath: path).deletingLastPathComponent().path
        guard try isFree(path) else {
            throw ControlError.failed("'\(path)' is there already, and not empty: nothing was changed; name another")
        }
        guard !"\(path)/".hasPrefix(URL(filePath: source).standardizedFileURL.path.trimmingSuffix("/") + "/") else {
            throw ControlError.failed("'\(path)' is in '\(source)', which is to be copied; name another")
        }
        umask(0o077)
        // Never one that was left behind by another.
        let partial = "\(path).partial-\(UUID().uuidString.lowercased().prefix(8))"
        do {
            try FileManager.default.createDirectory(
                atPath: partial, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ControlError.forbidden("cannot make '\(partial)': \(error.localizedDescription)")
        }
        var result: Result
        do {
            try checkPlace(path, partial)
            result = try await fill(partial)
            try sync(partial)
            guard rename(partial, path) == 0 else {
                throw ControlError.failed("'\(path)' cannot be named: \(BlobFolder.lastError)")
            }
        } catch {
            let failure = error
            do {
                try FileManager.default.removeItem(atPath: partial)
            } catch {
                throw ControlError.failed("\(failure); '\(partial)' is left behind: \(error.localizedDescription)")
            }
            throw failure
        }
        finished(&result, path)
        try BlobFolder.sync(folder: parent)
        return result
    }

    /// A folder is put in the place of an empty one only on the same disk.
    private static func checkPlace(_ path: String, _ partial: String) throws {
        var (place, beside) = (stat(), stat())
        guard stat(path, &place) == 0, stat(partial, &beside) == 0, place.st_dev != beside.st_dev else { return }
        throw ControlError.failed("'\(path)' is where another disk is mounted; name a folder in it")
    }

    private static func isFree(_ path: String) throws -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return true }
        guard status.st_mode & S_IFMT == S_IFDIR else { return false }
        return try FileManager.default.contentsOfDirectory(atPath: path).isEmpty
    }

    /// All files, and then the folders that have their names.
    static func sync(_ folder: String) throws {
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

    static func sync(file path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ControlError.failed("cannot open '\(path)': \(BlobFolder.lastError)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw ControlError.failed("cannot sync '\(path)': \(BlobFolder.lastError)")
        }
    }
}

extension String {
    /// Without as many of `suffix` as it ends with.
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        var text = self
        while text.count > 1, text.hasSuffix(suffix) { text.removeLast(suffix.count) }
        return text
    }
}
