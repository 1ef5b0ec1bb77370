import Foundation
import Sluice

/// The segments of a data folder, in `archive/`, and those of them that are open. One thread's at a time.
final class SegmentFolder {
    private let path: String
    private var open: [(name: String, reader: SegmentReader)] = []

    /// An index takes some 100 bytes a chunk.
    private static let mostOpen = 16
    private static let partial = ".partial"

    init(folder: String) { path = folder + "/archive" }

    func path(of name: String) -> String { "\(path)/\(name)" }

    static func name(queue: Int64, hour: Int64, first: Int64) -> String {
        "\(queue)-\(Hour.text(hour))-\(first).seg"
    }

    /// - Throws: `StoreDamage`.
    func reader(_ name: String) throws -> SegmentReader {
        if let place = open.firstIndex(where: { $0.name == name }) {
            let found = open.remove(at: place)
            open.append(found)
            return found.reader
        }
        let reader = try SegmentReader(path: path(of: name))
        open.append((name, reader))
        if open.count > Self.mostOpen { open.removeFirst() }
        return reader
    }

    func remove(_ name: String) throws {
        open.removeAll { $0.name == name }
        do {
            try FileManager.default.removeItem(atPath: path(of: name))
        } catch CocoaError.fileNoSuchFile {
            // Somebody has removed it: it is what was wanted.
        }
    }

    /// Where a new one is written before it has its name.
    func partialPath(of name: String) throws -> String {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return path(of: name) + Self.partial
    }

    /// Durable under its name, when this returns.
    func publish(_ name: String) throws {
        guard rename(path(of: name) + Self.partial, path(of: name)) == 0 else {
            throw ControlError.failed("'\(path(of: name))' cannot be named: \(String(cString: strerror(errno)))")
        }
        let descriptor = Foundation.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw ControlError.failed("'\(path)' cannot be synced: \(String(cString: strerror(errno)))")
        }
    }

    func discard(_ name: String) {
        unlink(path(of: name) + Self.partial)
        unlink(path(of: name))
    }

    /// The files that are there.
    func names() throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }
}
