import GRDB
import Sluice

/// A chunk that is kept as a raw copy.
struct RawCopyRow: Sendable, Hashable {
    let chunk: Int64
    let arrived: Timestamp
    let messages: Int
    let bytes: Int
}

extension StoreDatabase {
    /// The raw copies of a queue behind one of them, in ascending order of their numbers, which is that of arrival.
    func rawCopies(ofQueue queue: Int64, after chunk: Int64, limit: Int) throws -> [RawCopyRow] {
        try read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT chunk, arrived, messages, bytes FROM archive WHERE queue = ? AND chunk > ?
                    ORDER BY chunk LIMIT ?
                    """, arguments: [queue, chunk, limit])
            return try rows.map { row in
                RawCopyRow(
                    chunk: try row.decode(forColumn: "chunk"),
                    arrived: try Timestamp(stored: row.decode(forColumn: "arrived")),
                    messages: try row.decode(forColumn: "messages"), bytes: try row.decode(forColumn: "bytes"))
            }
        }
    }
}
