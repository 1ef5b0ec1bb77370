import Foundation
import Sluice

/// Where a repair puts what it takes out of a data folder: `damaged/TIME/`, with the same names as in the folder.
///
/// Files change places only once everything is on the disk and a mark says so: whoever finds the mark goes on from
/// there, and until then nothing has happened.
struct RepairFolder {
    let folder: String
    let path: String
    private var manager: FileManager { .default }

    /// The store that is being made.
    static func newStore(in folder: String) -> String { folder + "/store.db.repaired" }
    private var newStore: String { Self.newStore(in: folder) }
    private static func mark(in folder: String) -> String { folder + "/repairing" }

    /// Whether a repair was interrupted when everything was ready.
    static func isUnfinished(_ folder: String) -> Bool { FileManager.default.fileExists(atPath: mark(in: folder)) }

    /// A new one, called by the moment.
    init(at moment: Date, in folder: String) throws {
        self.folder = folder
        let rights: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
        try FileManager.default.createDirectory(
            atPath: folder + "/damaged", withIntermediateDirectories: true, attributes: rights)
        // A file cannot have a colon everywhere.
        let name = moment.formatted(.iso8601).replacing(":", with: "")
        var found = "\(folder)/damaged/\(name)"
        var number = 2
        while FileManager.default.fileExists(atPath: found) {
            found = "\(folder)/damaged/\(name)-\(number)"
            number += 1
        }
        path = found
        try manager.createDirectory(atPath: path, withIntermediateDirectories: false, attributes: rights)
    }

    /// The one that was interrupted.
    init?(unfinishedIn folder: String) throws {
        guard Self.isUnfinished(folder) else { return nil }
        let name = String(decoding: try Data(contentsOf: URL(filePath: Self.mark(in: folder))), as: UTF8.self)
        self.folder = folder
        path = "\(folder)/damaged/\(name)"
    }

    /// Gives a file of the folder a second name here; its first one goes when the repair is done.
    func keep(_ file: String) throws {
        let target = "\(path)/\(file)"
        guard manager.fileExists(atPath: "\(folder)/\(file)"), !manager.fileExists(atPath: target) else { return }
        try manager.createDirectory(
            atPath: URL(filePath: target).deletingLastPathComponent().path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        guard link("\(folder)/\(file)", target) == 0 else {
            throw ControlError.failed("'\(target)' cannot be made: \(BlobFolder.lastError)")
        }
    }

    /// Takes away what a repair that is not finished has left.
    func abandon() throws {
        for name in [path] + Self.storeFiles.map({ newStore + $0 }) where manager.fileExists(atPath: name) {
            try manager.removeItem(atPath: name)
        }
        if try manager.contentsOfDirectory(atPath: folder + "/damaged").isEmpty {
            try manager.removeItem(atPath: folder + "/damaged")
        }
    }

    private static let storeFiles = ["", "-wal", "-shm"]

    /// From now on the repair is done, whatever happens to the process.
    func commit() throws {
        try WholeFolder.sync(path)
        try BlobFolder.sync(folder: folder + "/damaged")
        try WholeFolder.sync(file: newStore)
        let mark = Self.mark(in: folder)
        let name = URL(filePath: path).lastPathComponent
        try Data(name.utf8).write(to: URL(filePath: mark), options: .atomic)
        try WholeFolder.sync(file: mark)
        try BlobFolder.sync(folder: folder)
        try finish()
    }

    /// Puts the new store in the place of the old one. Each step can be done again.
    func finish() throws {
        if manager.fileExists(atPath: newStore) {
            for suffix in Self.storeFiles where suffix != "-shm" { try move("store.db" + suffix) }
            if manager.fileExists(atPath: folder + "/store.db-shm") {
                try manager.removeItem(atPath: folder + "/store.db-shm")
            }
            try BlobFolder.sync(folder: path)
            // Before the new store has its name: the log of the old one must never stand beside it.
            try BlobFolder.sync(folder: folder)
            guard rename(newStore, folder + "/store.db") == 0 else {
                throw ControlError.failed("'\(newStore)' cannot be renamed: \(BlobFolder.lastError)")
            }
            try BlobFolder.sync(folder: folder)
        }
        for file in try manager.subpathsOfDirectory(atPath: path)
        where file.hasPrefix("archive/") || file.hasPrefix("objects/") {
            var status = stat()
            guard lstat("\(folder)/\(file)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            try manager.removeItem(atPath: "\(folder)/\(file)")
        }
        try manager.removeItem(atPath: Self.mark(in: folder))
        try BlobFolder.sync(folder: folder)
    }

    private func move(_ file: String) throws {
        guard manager.fileExists(atPath: "\(folder)/\(file)"), !manager.fileExists(atPath: "\(path)/\(file)") else {
            return
        }
        guard rename("\(folder)/\(file)", "\(path)/\(file)") == 0 else {
            throw ControlError.failed("'\(folder)/\(file)' cannot be moved: \(BlobFolder.lastError)")
        }
    }
}
