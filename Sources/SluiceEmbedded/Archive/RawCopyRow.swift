import GRDB
import Sluice

/// A chunk that is kept as a raw copy.
struct RawCopyRow: Sendable, Hashable {
    let chunk: Int64
    let arrived: Timestamp
    let messages: Int
    let bytes: Int
}

extension RawCopyRow {
    /// A row of `archive`.
    init(row: Row) throws {
        self.init(
            chunk: try row.decode(forColumn: "chunk"), arrived: try Timestamp(stored: row.decode(forColumn: "arrived")),
            messages: try row.decode(forColumn: "messages"), bytes: try row.decode(forColumn: "bytes"))
    }
}

extension StoreDatabase {
    /// The raw copies of a queue behind one of them, in ascending order of their numbers, which is that of arrival,
    /// wherever they are kept.
    func rawCopies(ofQueue queue: Int64, after chunk: Int64, limit: Int) throws -> [RawCopyRow] {
        let present = try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT chunk, arrived, messages, bytes FROM archive WHERE queue = ? AND chunk > ?
                    ORDER BY chunk LIMIT ?
                    """, arguments: [queue, chunk, limit]
            ).map(RawCopyRow.init(row:))
        }
        let moved = try movedRawCopies(ofQueue: queue, after: chunk, limit: limit)
        guard !moved.isEmpty else { return present }
        return Array((present + moved).sorted { $0.chunk < $1.chunk }.prefix(limit))
    }
}
