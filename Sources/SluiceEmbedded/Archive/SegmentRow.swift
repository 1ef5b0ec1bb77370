import GRDB
import Sluice

/// A row of `segment`: a file of raw copies.
struct SegmentRow: Sendable, Hashable {
    var file: String
    var queue: Int64
    /// Hours since 1970.
    var hour: Int64
    /// The numbers of its chunks lie between these.
    var first: Int64
    var last: Int64
    var messages: Int
    var bytes: Int
    /// Of the file.
    var stored: Int
    /// When the newest chunk in it arrived.
    var newest: Timestamp

    init(file: String, queue: Int64, hour: Int64, _ index: SegmentIndex, stored: Int) {
        self.file = file
        self.queue = queue
        self.hour = hour
        let rows = index.entries.map(\.row)
        first = rows.first?.chunk ?? 0
        last = rows.last?.chunk ?? 0
        messages = rows.reduce(0) { $0 + $1.messages }
        bytes = rows.reduce(0) { $0 + $1.bytes }
        newest = rows.map(\.arrived).max() ?? Timestamp(milliseconds: 0)
        self.stored = stored
    }

    init(row: Row) throws {
        file = try row.decode(forColumn: "file")
        queue = try row.decode(forColumn: "queue")
        hour = try row.decode(forColumn: "hour")
        first = try row.decode(forColumn: "first")
        last = try row.decode(forColumn: "last")
        messages = try row.decode(forColumn: "messages")
        bytes = try row.decode(forColumn: "bytes")
        stored = try row.decode(forColumn: "stored")
        newest = try Timestamp(stored: row.decode(forColumn: "newest"))
    }

    func insert(expires: Timestamp, into database: Database) throws {
        try database.execute(
            sql: "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                file, queue, hour, first, last, messages, bytes, stored, newest.milliseconds, expires.milliseconds,
            ])
    }
}

extension StoreDatabase {
    /// - Parameters: `nil` = of all queues; those that have chunks behind this one.
    func segments(ofQueue queue: Int64?, behind chunk: Int64 = 0) throws -> [SegmentRow] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM segment WHERE (?1 IS NULL OR queue = ?1) AND last > ?2 ORDER BY first",
                arguments: [queue, chunk]
            ).map(SegmentRow.init(row:))
        }
    }

    /// A chunk that has moved into a segment; `nil` = it has not.
    func archivedContent(of chunk: Int64) throws -> ChunkContent? {
        let files = try read {
            try String.fetchAll(
                $0, sql: "SELECT file FROM segment WHERE first <= ?1 AND last >= ?1", arguments: [chunk])
        }
        for file in files {
            let reader = try segments.reader(file)
            if let entry = reader.index.entry(of: chunk) { return try reader.content(of: entry) }
        }
        return nil
    }

    /// The raw copies in segments behind a chunk, in order; at most so many, but for those that come with them.
    func movedRawCopies(ofQueue queue: Int64, after chunk: Int64, limit: Int) throws -> [RawCopyRow] {
        var found: [RawCopyRow] = []
        for segment in try segments(ofQueue: queue, behind: chunk) {
            // Segments overlap only where stragglers came later.
            if found.count >= limit, let last = found.max(by: { $0.chunk < $1.chunk }), last.chunk < segment.first {
                break
            }
            found += try segments.reader(segment.file).index.entries.map(\.row).filter { $0.chunk > chunk }
        }
        return found.sorted { $0.chunk < $1.chunk }
    }
}
