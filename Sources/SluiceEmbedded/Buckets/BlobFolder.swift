import Foundation
import Sluice
import Synchronization

/// The bytes of objects, in files that are called by the SHA-256 of what is in them: equal bytes are stored once.
///
///     objects/ab/ab34…            a blob
///     objects/incoming/upload-…   being written, by whoever puts it in
///     objects/incoming/adopt-…    a second name of a blob whose object is not committed yet
///
/// A blob is written whole or not at all: it has its name only after a sync. One that no object has is found after a
/// crash by its second name, without looking through all of them.
package final class BlobFolder: Sendable {
    private let path: String
    /// Blobs that are in place for objects that are not committed yet: nobody removes them.
    private let pinned = Mutex<[String: Int]>([:])

    package init(folder: String) { path = folder + "/objects" }

    static func incoming(of folder: String) -> String { folder + "/objects/incoming" }
    private var incoming: String { path + "/incoming" }

    /// Where a blob is, or would be.
    package func path(of blob: String) -> String { "\(path)/\(blob.prefix(2))/\(blob)" }

    /// Puts an uploaded file in its place, and keeps it there until `release`.
    /// - Returns: the second name to be given to `release`.
    /// - Throws: `ControlError.refused` for an upload that is not there.
    func adopt(_ upload: String, as blob: String) throws -> String {
        guard upload.hasPrefix(Self.uploadPrefix), !upload.contains("/"), blob.utf8.count == 64 else {
            throw ControlError.refused("'\(upload)' is no upload")
        }
        let second = "\(Self.adoptPrefix)\(blob)-\(upload.dropFirst(Self.uploadPrefix.count))"
        guard rename("\(incoming)/\(upload)", "\(incoming)/\(second)") == 0 else {
            throw ControlError.refused("the upload '\(upload)' is not there: \(Self.lastError)")
        }
        try pinned.withLock { pinned in
            let place = path(of: blob)
            let folder = String(place.dropLast(blob.utf8.count + 1))
            let isNewFolder = mkdir(folder, 0o700) == 0
            guard link("\(incoming)/\(second)", place) == 0 || errno == EEXIST else {
                throw ControlError.failed("an object cannot be put into '\(folder)': \(Self.lastError)")
            }
            try Self.sync(folder: folder)
            if isNewFolder { try Self.sync(folder: path) }
            pinned[blob, default: 0] += 1
        }
        return second
    }

    /// The object is committed, or will never be.
    /// - Parameter isOrphan: no object has the blob.
    func release(_ blob: String, _ second: String, isOrphan: Bool) {
        pinned.withLock { pinned in
            let left = (pinned[blob] ?? 1) - 1
            pinned[blob] = left > 0 ? left : nil
            if isOrphan, left <= 0 { unlink(path(of: blob)) }
        }
        unlink("\(incoming)/\(second)")
    }

    /// Removes a blob that no object has any more, unless one is about to have it.
    func remove(_ blob: String) {
        pinned.withLock { pinned in
            if pinned[blob] == nil { unlink(path(of: blob)) }
        }
    }

    /// After a start: takes away what a crash has left half done.
    /// - Parameter isUsed: whether an object has this blob.
    func sweep(isUsed: (String) throws -> Bool) throws {
        guard FileManager.default.fileExists(atPath: incoming) else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: incoming) {
            let file = "\(incoming)/\(name)"
            if name.hasPrefix(Self.adoptPrefix) {
                let blob = String(name.dropFirst(Self.adoptPrefix.count).prefix(64))
                if try !isUsed(blob) { unlink(path(of: blob)) }
                unlink(file)
            } else if Self.age(of: file) > Self.uploadsAreKept {
                unlink(file)
            }
        }
    }

    static let uploadPrefix = "upload-"
    private static let adoptPrefix = "adopt-"
    /// Seconds. Somebody may still be writing one that is younger.
    private static let uploadsAreKept = 86_400

    private static func age(of file: String) -> Int {
        var status = stat()
        guard stat(file, &status) == 0 else { return 0 }
        return time(nil) - status.st_mtim.tv_sec
    }

    static var lastError: String { String(cString: strerror(errno)) }

    static func sync(folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ControlError.failed("cannot open '\(folder)': \(lastError)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw ControlError.failed("cannot sync '\(folder)': \(lastError)") }
    }
}
