import CZlib
import Foundation
import GRDB
import GRDBSQLite
import Sluice

/// The checksum of every row of the store: a generated column of its table, over all other columns, so that no statement
/// has to know of it.
///
/// What a disk or a hand has changed in a row is found where it is read. SQLite keeps the structure of the file, and
/// says nothing of the bytes in it.
enum RowChecksum {
    /// Teaches a connection `crc(…)`: the CRC-32 of its arguments, their types and lengths included. A connection that
    /// does not know it can read the tables and not write them.
    static func register(on database: Database) throws {
        guard let connection = database.sqliteConnection else { throw StoreDamage("no connection") }
        let code = sqlite3_create_function_v2(
            connection, "crc", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nil,
            { context, count, values in
                var sum: UInt = 0
                for index in 0..<Int(count) {
                    guard let value = values?[index] else { continue }
                    sum = RowChecksum.add(value, to: sum)
                }
                sqlite3_result_int64(context, Int64(sum))
            }, nil, nil, nil)
        guard code == SQLITE_OK else { throw SQLiteFailure(code, on: connection) }
    }

    private static func add(_ value: OpaquePointer, to sum: UInt) -> UInt {
        let type = sqlite3_value_type(value)
        switch type {
        case SQLITE_INTEGER: return add(type, sqlite3_value_int64(value), nil, to: sum)
        case SQLITE_TEXT:
            let text = sqlite3_value_text(value)
            return add(type, Int64(sqlite3_value_bytes(value)), text, to: sum)
        case SQLITE_BLOB:
            let bytes = sqlite3_value_blob(value)?.assumingMemoryBound(to: UInt8.self)
            return add(type, Int64(sqlite3_value_bytes(value)), bytes, to: sum)
        // No table has a column of another type.
        default: return add(type, 0, nil, to: sum)
        }
    }

    /// - Parameter number: the value, or how many `bytes` there are.
    private static func add(_ type: Int32, _ number: Int64, _ bytes: UnsafePointer<UInt8>?, to sum: UInt) -> UInt {
        var head = (UInt64(truncatingIfNeeded: number).littleEndian, UInt64(UInt32(bitPattern: type)).littleEndian)
        let begun = withUnsafeBytes(of: &head) { head in
            crc32_z(sum, head.bindMemory(to: UInt8.self).baseAddress, head.count)
        }
        guard let bytes, number > 0 else { return begun }
        return crc32_z(begun, bytes, Int(number))
    }

    /// The tables whose rows are looked at when a folder is opened: those that are read as a whole then, and small.
    static let small = [
        "folder", "queue", "pipeline", "pause", "ledger", "send_session", "bucket", "split_position", "replay",
        "code_version", "segment", "deleted_queue", "move_task",
    ]

    /// All tables that have checksums.
    static func tables(_ database: Database) throws -> [String] {
        try String.fetchAll(
            database,
            sql: """
                SELECT s.name FROM sqlite_schema AS s WHERE s.type = 'table' AND EXISTS
                (SELECT 1 FROM pragma_table_xinfo(s.name) AS x WHERE x.name = 'checksum') ORDER BY s.name
                """)
    }

    /// How many rows of a table are not as they were written.
    static func damagedRows(of table: String, _ database: Database) throws -> Int {
        let columns = try String.fetchAll(
            database, sql: "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid", arguments: [table])
        let sum = "crc(\(columns.map { "\"\($0)\"" }.joined(separator: ", ")))"
        // Not indexed: an index may have the values of before.
        return try Int.fetchOne(
            database, sql: "SELECT count(*) FROM \"\(table)\" NOT INDEXED WHERE checksum IS NOT \(sum)") ?? 0
    }

    /// - Throws: `StoreDamage` when a row of a small table is not as it was written.
    static func check(_ database: Database) throws {
        for table in small {
            let count = try damagedRows(of: table, database)
            if count > 0 { throw StoreDamage(problem(count, table)) }
        }
    }

    static func problem(_ count: Int, _ table: String) -> String {
        "\(count) row\(count == 1 ? "" : "s") of the table '\(table)' \(count == 1 ? "is" : "are") not as written (checksum)"
    }
}
