import Foundation
import GRDB
import Sluice

/// Compares the files beside a store of salvaged rows with it: segments and objects that are damaged are put aside, and
/// what is whole in a segment goes back into the store.
struct FileSalvage {
    let database: StoreDatabase
    let folder: String
    let aside: RepairFolder
    let lost: LostFile

    // MARK: Segments

    /// A file that no row knows may be one of a row that is lost: the next start would take it away.
    func segments() throws {
        let rows = try database.read {
            try Row.fetchAll($0, sql: "SELECT * FROM segment ORDER BY first").map {
                (try SegmentRow(row: $0), try Timestamp(stored: $0.decode(forColumn: "expires")))
            }
        }
        for (row, expires) in rows { try check(row, expires) }
        let known = Set(rows.map(\.0.file))
        for name in try database.segments.names() where !known.contains(name) { try adopt(name) }
    }

    private func check(_ row: SegmentRow, _ expires: Timestamp) throws {
        var problems: [String] = []
        var whole: [(SegmentIndex.Entry, ChunkContent)] = []
        do {
            let reader = try database.segments.reader(row.file)
            let found = SegmentRow(file: row.file, queue: row.queue, hour: row.hour, reader.index, stored: row.stored)
            if found != row { problems.append("the segment '\(row.file)' is not the one that the store knows") }
            for entry in reader.index.entries {
                do { whole.append((entry, try reader.content(of: entry))) } catch { problems.append("\(error)") }
            }
            if problems.isEmpty { return }
        } catch let damage as StoreDamage {
            problems.append("\(damage)")
        }
        for problem in problems {
            var line = LostFile.Line(problem)
            line.file = "archive/\(row.file)"
            try lost.say(line)
        }
        try aside.keep("archive/\(row.file)")
        try database.transaction { connection in
            try connection.execute(sql: "DELETE FROM segment WHERE file = ?", arguments: [row.file])
            for (entry, content) in whole {
                try Self.insert(entry.row, content, row.queue, expires, connection)
            }
        }
    }

    /// Raw copies of a segment that is not whole are rows again; they will move into another.
    private static func insert(
        _ row: RawCopyRow, _ content: ChunkContent, _ queue: Int64, _ expires: Timestamp, _ connection: Database
    ) throws {
        try connection.execute(
            sql: "INSERT OR IGNORE INTO chunk (id, queue, arrived, stood_still, header) VALUES (?, ?, ?, 0, ?)",
            arguments: [row.chunk, queue, row.arrived.milliseconds, Data(content.header)])
        try connection.execute(
            sql: "INSERT OR IGNORE INTO body (chunk, data) VALUES (?, ?)", arguments: [row.chunk, Data(content.body)])
        try connection.execute(
            sql: """
                INSERT OR IGNORE INTO archive (chunk, queue, arrived, expires, messages, bytes) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                row.chunk, queue, row.arrived.milliseconds, expires.milliseconds, row.messages, row.bytes,
            ])
    }

    /// A file whose row is lost: whose it is stands in its name, until when it is kept in the record of its queue.
    private func adopt(_ name: String) throws {
        let parts = name.split(separator: "-")
        let size = try FileManager.default.attributesOfItem(atPath: database.segments.path(of: name))[.size] as? Int
        guard let queue = parts.first.flatMap({ Int64($0) }), let size,
            let keep = try database.archiveKeep(ofQueue: queue)
        else {
            return try putAside(name, "the segment '\(name)' belongs to nobody")
        }
        do {
            let index = try database.segments.reader(name).index
            let newest = index.entries.map(\.row.arrived).max() ?? Timestamp(milliseconds: 0)
            let row = SegmentRow(
                file: name, queue: queue, hour: newest.milliseconds / Hour.milliseconds, index, stored: size)
            let isDouble = try database.read { connection in
                try index.entries.contains {
                    try Bool.fetchOne(
                        connection, sql: "SELECT EXISTS (SELECT 1 FROM chunk WHERE id = ?)", arguments: [$0.row.chunk])
                        ?? false
                }
            }
            // It was being written, and its chunks had not left the store.
            guard !isDouble else { return }
            try database.transaction { try row.insert(expires: newest + keep, into: $0) }
            try check(row, newest + keep)
        } catch let damage as StoreDamage {
            try putAside(name, "\(damage)")
        }
    }

    private func putAside(_ name: String, _ problem: String) throws {
        var line = LostFile.Line(problem)
        line.file = "archive/\(name)"
        try lost.say(line)
        try aside.keep("archive/\(name)")
    }

    // MARK: Objects

    func objects() throws {
        let blobs = BlobFolder(folder: folder)
        let rows = try database.read { try Row.fetchAll($0, sql: "SELECT id, bucket, key, blob, size FROM object") }
        var isWhole: [String: Bool] = [:]
        for row in rows {
            let (id, size): (Int64, Int) = (try row.decode(forColumn: "id"), try row.decode(forColumn: "size"))
            let blob: String = try row.decode(forColumn: "blob")
            let path = blobs.path(of: blob)
            let whole = isWhole[blob] ?? DataCheck.isWhole(path, blob, size)
            isWhole[blob] = whole
            if whole { continue }
            let (bucket, key): (String, String) = (
                try row.decode(forColumn: "bucket"), try row.decode(forColumn: "key")
            )
            var line = LostFile.Line(
                "the bytes of the object '\(bucket)/\(key)' are not there, or not those that were stored")
            (line.bucket, line.key, line.file) = (bucket, key, String(path.dropFirst(folder.count + 1)))
            try lost.say(line)
            try aside.keep(String(path.dropFirst(folder.count + 1)))
            try database.transaction { try $0.execute(sql: "DELETE FROM object WHERE id = ?", arguments: [id]) }
        }
    }
}

extension StoreDatabase {
    /// How long raw copies of a queue are kept; `nil` = it has none, or is not there.
    func archiveKeep(ofQueue queue: Int64) throws -> Duration? {
        let json = try read {
            try String.fetchOne($0, sql: "SELECT record FROM queue WHERE id = ?", arguments: [queue])
        }
        guard let json else { return nil }
        return try JSONDecoder().decode(QueueRecord.self, from: Data(json.utf8)).archiveKeep
    }
}
