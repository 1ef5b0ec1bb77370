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

    /// - Returns: those that are not there to be copied.
    func copy(_ referenced: Referenced) throws -> Set<String> {
        var missing: Set<String> = []
        let (source, target) = (BlobFolder(folder: from), BlobFolder(folder: to))
        for blob in referenced.blobs where try !copy(source.path(of: blob), target.path(of: blob)) {
            missing.insert(blob)
        }
        for file in referenced.segments where try !copy("\(from)/archive/\(file)", "\(to)/archive/\(file)") {
            missing.insert(file)
        }
        return missing
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
        if manager.fileExists(atPath: "\(from)/code") {
            // A version that is being kept just now, or was deleted meanwhile, is left out.
            for name in try manager.contentsOfDirectory(atPath: "\(from)/code") where !name.hasPrefix(".") {
                _ = try copy("\(from)/code/\(name)", "\(to)/code/\(name)")
            }
        }
        for name in ["credentials", "format"] { _ = try copy("\(from)/\(name)", "\(to)/\(name)") }
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
    /// - Throws: `ControlError.failed` when something of the store is still in its log.
    func forgetTraces() throws {
        let log = "\(to)/store.db-wal"
        if manager.fileExists(atPath: log), try manager.attributesOfItem(atPath: log)[.size] as? Int != 0 {
            throw ControlError.failed("'\(log)' could not be moved into the store")
        }
        for name in ["lock", "store.db-shm", "store.db-wal"] { try remove("\(to)/\(name)") }
    }

    func bytes() throws -> Int {
        try manager.subpathsOfDirectory(atPath: to).reduce(0) { sum, name in
            sum + ((try manager.attributesOfItem(atPath: "\(to)/\(name)")[.size] as? Int) ?? 0)
        }
    }
}
