import Foundation
import Sluice

/// What takes the space of a data folder, and what bounds each part of it.
struct FolderParts: Encodable {
    struct Part: Encodable {
        var name: String
        var bytes: Int
        /// Up to where it can grow, in words.
        var bound: String
    }

    var parts: [Part]
    /// Of the store: pages that hold nothing, which are used again before it grows.
    var freeBytes: Int
    /// Of the store: bodies of the messages that are there.
    var messageBytes: Int

    /// Where a file belongs, by how its path begins; the rest is small.
    private static let kinds: [(prefix: String, name: String, bound: String)] = [
        ("store.db-", "log of the store", "64 MB between bursts; a backup that is being made holds it up"),
        (
            "store.db", "store",
            "messages: the capacity of their queues; raw copies of the last hours; as much again, and 16 MB, is free"
        ),
        ("archive/", "raw copies", "archive.keep and archive.max_size of each pipeline"),
        ("objects/", "objects", "what is in the buckets, and what was there within archive.keep"),
        ("logs/", "logs", "logs.keep and logs.max_size of each pipeline"),
        ("code/", "code", "a copy of each version of the functions, 100 MB at most"),
        ("damaged/", "repairs", "what a repair has put aside: delete it when you have looked at it"),
        ("reserve", "reserve", "fixed: it is for the moment when the disk is full"),
        ("", "other", "small, but for what functions have in tmp, which goes with them"),
    ]

    init(folder: String, messageBytes: Int) throws {
        var sizes: [String: Int] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            guard let kind = Self.kinds.first(where: { path.hasPrefix($0.prefix) }) else { continue }
            sizes[kind.name, default: 0] += try Self.size(of: "\(folder)/\(path)")
        }
        parts = Self.kinds.compactMap { kind in
            sizes[kind.name].flatMap { $0 > 0 ? Part(name: kind.name, bytes: $0, bound: kind.bound) : nil }
        }
        freeBytes = try Self.freeBytes(inStore: folder + "/store.db")
        self.messageBytes = messageBytes
    }

    var bytes: Int { parts.reduce(0) { $0 + $1.bytes } }

    func bytes(of name: String) -> Int { parts.first { $0.name == name }?.bytes ?? 0 }

    private static func size(of path: String) throws -> Int {
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            guard attributes[.type] as? FileAttributeType != .typeDirectory else { return 0 }
            return (attributes[.size] as? Int) ?? 0
        } catch CocoaError.fileReadNoSuchFile, CocoaError.fileNoSuchFile {
            // A file of the store that went while we looked.
            return 0
        }
    }

    /// As the header of an SQLite file says it: the length of a page at byte 16, the number of free ones at byte 36.
    private static func freeBytes(inStore path: String) throws -> Int {
        guard FileManager.default.fileExists(atPath: path) else { return 0 }
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { file.closeFile() }
        guard let header = try file.read(upToCount: 40), header.count == 40 else { return 0 }
        func number(_ range: Range<Int>) -> Int { header[range].reduce(0) { $0 << 8 | Int($1) } }
        let page = number(16..<18)
        return number(36..<40) * (page == 1 ? 65_536 : page)
    }
}
