import Foundation
import Sluice

/// The files beside the store, from a data folder into a copy of it.
struct BackupFiles {
    /// What a store refers to.
    struct Referenced {
        var blobs: Set<String>
        var segments: Set<String>
    }

    let from: String
    let to: String
    private var manager: FileManager { .default }

    init(from: String, to: String) {
        self.from = from
        self.to = to
    }

    /// - Returns: whether all of them are there now; what was deleted meanwhile is not.
    func copy(_ referenced: Referenced) throws -> Bool {
        var isWhole = true
        let (source, target) = (BlobFolder(folder: from), BlobFolder(folder: to))
        for blob in referenced.blobs where try !copy(source.path(of: blob), target.path(of: blob)) { isWhole = false }
        for file in referenced.segments where try !copy("\(from)/archive/\(file)", "\(to)/archive/\(file)") {
            isWhole = false
        }
        return isWhole
    }

    private func copy(_ source: String, _ target: String) throws -> Bool {
        if manager.fileExists(atPath: target) { return true }
        try manager.createDirectory(
            atPath: URL(filePath: target).deletingLastPathComponent().path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        do {
            try manager.copyItem(atPath: source, toPath: target)
            return true
        } catch let error as CocoaError where [.fileReadNoSuchFile, .fileNoSuchFile].contains(error.code) {
            return false
        }
    }

    /// Takes away what an earlier copy of the store referred to.
    func keep(only referenced: Referenced) throws {
        for (folder, kept) in [("objects", referenced.blobs), ("archive", referenced.segments)]
        where manager.fileExists(atPath: "\(to)/\(folder)") {
            for name in try manager.subpathsOfDirectory(atPath: "\(to)/\(folder)") {
                let path = "\(to)/\(folder)/\(name)"
                var isFolder: ObjCBool = false
                guard manager.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else { continue }
                if !kept.contains(String(name.split(separator: "/").last ?? "")) {
                    try manager.removeItem(atPath: path)
                }
            }
        }
    }

    /// The code that is kept by its version, the key pair of the endpoints, and the mark of a data folder.
    func copyRest() throws {
        for name in ["code", "credentials", "format"] where manager.fileExists(atPath: "\(from)/\(name)") {
            try manager.copyItem(atPath: "\(from)/\(name)", toPath: "\(to)/\(name)")
        }
    }

    /// Everything but what belongs to a process: its lock, its sockets, its reserve, its temporary files.
    func copyAll() throws {
        let others: Set = ["lock", "reserve", "tmp", "store.db-shm"]
        for name in try manager.contentsOfDirectory(atPath: from) where !others.contains(name) {
            let type = try manager.attributesOfItem(atPath: "\(from)/\(name)")[.type] as? FileAttributeType
            guard type == .typeRegular || type == .typeDirectory else { continue }
            try manager.copyItem(atPath: "\(from)/\(name)", toPath: "\(to)/\(name)")
        }
    }

    /// A data folder is one that can be locked.
    func makeLock() throws {
        guard manager.createFile(atPath: "\(to)/lock", contents: nil, attributes: [.posixPermissions: 0o600]) else {
            throw ControlError.failed("cannot write into '\(to)': \(BlobFolder.lastError)")
        }
    }

    func remove(_ path: String) throws {
        if manager.fileExists(atPath: path) { try manager.removeItem(atPath: path) }
    }

    /// What a look into the copy has left in it.
    func forgetTraces() throws {
        for name in ["lock", "store.db-shm", "store.db-wal"] { try remove("\(to)/\(name)") }
    }

    func bytes() throws -> Int {
        try manager.subpathsOfDirectory(atPath: to).reduce(0) { sum, name in
            sum + ((try manager.attributesOfItem(atPath: "\(to)/\(name)")[.size] as? Int) ?? 0)
        }
    }
}
