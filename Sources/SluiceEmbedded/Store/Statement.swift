import GRDBSQLite
import Sluice

/// A prepared statement on the writer's connection: the few that run for every commit. Everything else goes
/// through GRDB.
final class Statement {
    private let connection: OpaquePointer
    private var handle: OpaquePointer?

    init(_ sql: String, on connection: OpaquePointer) throws(SQLiteFailure) {
        self.connection = connection
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK else { throw SQLiteFailure(code, on: connection) }
    }

    deinit { sqlite3_finalize(handle) }

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }

    /// `nil` is NULL.
    func bind(_ index: Int32, _ value: Int64?) {
        if let value { sqlite3_bind_int64(handle, index, value) } else { sqlite3_bind_null(handle, index) }
    }

    func bind(_ index: Int32, _ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { characters in
                _ = sqlite3_bind_text(handle, index, characters.baseAddress, Int32(characters.count), transient)
            }
        }
    }

    /// Runs the statement with `blob` bound at `index`, without copying it: SQLite reads it only meanwhile.
    func run(binding blob: [UInt8], at index: Int32) throws(SQLiteFailure) {
        let code = blob.withUnsafeBytes { bytes -> Int32 in
            // An empty array has no address, and a blob without an address would be NULL.
            if let base = bytes.baseAddress, !bytes.isEmpty {
                sqlite3_bind_blob64(handle, index, base, UInt64(bytes.count), nil)
            } else {
                sqlite3_bind_zeroblob(handle, index, 0)
            }
            return sqlite3_step(handle)
        }
        try finish(code)
    }

    func run() throws(SQLiteFailure) { try finish(sqlite3_step(handle)) }

    /// Steps through the rows; `reset` afterwards whatever happens.
    func forEachRow(_ body: (Statement) throws -> Void) throws {
        defer { sqlite3_reset(handle) }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: try body(self)
            case SQLITE_DONE: return
            case let code: throw SQLiteFailure(code, on: connection)
            }
        }
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    /// `nil` for NULL.
    func optionalInteger(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : integer(column)
    }

    func blob(_ column: Int32) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
    }

    private func finish(_ code: Int32) throws(SQLiteFailure) {
        let failure = code == SQLITE_DONE || code == SQLITE_ROW ? nil : SQLiteFailure(code, on: connection)
        sqlite3_reset(handle)
        if let failure { throw failure }
    }
}

/// SQLite copies the text before the call returns.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

/// An error of SQLite on the writer's connection.
struct SQLiteFailure: Error, CustomStringConvertible {
    let code: Int32
    let message: String

    init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    init(_ code: Int32, on connection: OpaquePointer) {
        self.code = sqlite3_extended_errcode(connection)
        message = String(cString: sqlite3_errmsg(connection))
    }

    /// An error without a connection that could tell more.
    init(_ code: Int32) {
        self.code = code
        message = String(cString: sqlite3_errstr(code))
    }

    var isDiskFull: Bool { code & 0xFF == SQLITE_FULL || code == SQLITE_IOERR | (3 << 8) }
    /// The last: a place of the disk that cannot be read.
    var isDamage: Bool { [SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_IOERR].contains(code & 0xFF) }
    var description: String { "SQLite error \(code): \(message)" }
}
