import Foundation
import Sluice
import Synchronization

/// Room on the disk that nothing uses, so that settlements, expiry and erasure still commit when it is full.
package final class DiskReserve: Sendable {
    /// 64 MB, or an eighth of a smaller disk.
    package static let size = 64 << 20

    private let path: String
    private let folder: String
    private let bytes: Int
    private let spent = Atomic<Bool>(false)

    /// While true, nothing new is taken.
    var isSpent: Bool { spent.load(ordering: .relaxed) }

    /// Takes the reserve; if the disk has no room for it, starts as spent.
    init(folder: String, size: Int = size) throws {
        self.folder = folder
        path = folder + "/reserve"
        let total = try Self.space(folder).total
        bytes = min(size, total / 8)
        if try !fill() { spent.store(true, ordering: .relaxed) }
    }

    /// Gives the room back to the disk.
    func spend() throws {
        spent.store(true, ordering: .relaxed)
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw ControlError.failed("cannot open '\(path)': \(String(cString: strerror(errno)))") }
        defer { close(file) }
        ftruncate(file, 0)
    }

    /// Takes the reserve again if there is room for it and as much again to work with.
    /// - Returns: whether it was taken.
    func restore() throws -> Bool {
        guard try Self.space(folder).free > 2 * bytes, try fill() else { return false }
        spent.store(false, ordering: .relaxed)
        return true
    }

    private func fill() throws -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw ControlError.failed("cannot open '\(path)': \(String(cString: strerror(errno)))") }
        defer { close(file) }
        guard posix_fallocate(file, 0, off_t(bytes)) == 0 else {
            ftruncate(file, 0)
            return false
        }
        return true
    }

    private static func space(_ folder: String) throws -> (total: Int, free: Int) {
        var statistics = statvfs()
        guard statvfs(folder, &statistics) == 0 else {
            throw ControlError.failed("cannot ask the disk of '\(folder)': \(String(cString: strerror(errno)))")
        }
        let block = Int(statistics.f_frsize)
        return (Int(statistics.f_blocks) * block, Int(statistics.f_bavail) * block)
    }
}
