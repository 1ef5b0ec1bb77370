import GRDBSQLite

/// One prepared statement of the C API. Used on its database's queue only, and gone before it closes.
final class SQLiteStatement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer

    init(_ sql: String, on connection: OpaquePointer) throws(SQLiteFault) {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw SQLiteFault(code: code, on: connection) }
        handle = prepared
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    // Parameters count from 1. What these answer is an error of SQLite's memory or of its limits, which `run` would
    // meet as well; a length over the limit is SQLITE_TOOBIG.

    func bind(null parameter: Int32) throws(SQLiteFault) {
        try check(sqlite3_bind_null(handle, parameter))
    }

    func bind(_ value: Int64, _ parameter: Int32) throws(SQLiteFault) {
        try check(sqlite3_bind_int64(handle, parameter, value))
    }

    func bind(_ value: Double, _ parameter: Int32) throws(SQLiteFault) {
        try check(sqlite3_bind_double(handle, parameter, value))
    }

    /// Binds text without a copy: the bytes must stay where they are until `run` has returned, and every parameter
    /// is bound anew before the next `run`, so that nothing reads them later.
    func bind(borrowed text: UnsafeBufferPointer<UInt8>, _ parameter: Int32) throws(SQLiteFault) {
        guard let base = text.baseAddress, text.count > 0 else {
            try check(sqlite3_bind_text(handle, parameter, "", 0, nil))
            return
        }
        let code = base.withMemoryRebound(to: CChar.self, capacity: text.count) {
            sqlite3_bind_text64(handle, parameter, $0, UInt64(text.count), nil, UInt8(SQLITE_UTF8))
        }
        try check(code)
    }

    /// Binds a copy of the text.
    func bind(copying text: [UInt8], _ parameter: Int32) throws(SQLiteFault) {
        let code = text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return sqlite3_bind_text(handle, parameter, "", 0, nil) }
            return sqlite3_bind_text64(
                handle, parameter, base.assumingMemoryBound(to: CChar.self), UInt64(bytes.count), Self.transient,
                UInt8(SQLITE_UTF8))
        }
        try check(code)
    }

    /// Binds a copy of the text.
    func bind(_ text: String, _ parameter: Int32) throws(SQLiteFault) {
        try check(
            sqlite3_bind_text64(handle, parameter, text, UInt64(text.utf8.count), Self.transient, UInt8(SQLITE_UTF8)))
    }

    /// SQLITE_TRANSIENT, a macro that Swift does not import: SQLite makes a copy.
    private static var transient: sqlite3_destructor_type? { unsafeBitCast(-1, to: sqlite3_destructor_type?.self) }

    /// Runs it to its end.
    /// - Returns: how many rows it changed, those of triggers not counted.
    @discardableResult
    func run() throws(SQLiteFault) -> Int32 {
        let code = sqlite3_step(handle)
        guard code == SQLITE_DONE || code == SQLITE_ROW else {
            let fault = SQLiteFault(code: code, on: connection)
            sqlite3_reset(handle)
            throw fault
        }
        let changes = sqlite3_changes(connection)
        sqlite3_reset(handle)
        return changes
    }

    /// The first column of the first row.
    func integer() throws(SQLiteFault) -> Int64 {
        let code = sqlite3_step(handle)
        defer { sqlite3_reset(handle) }
        guard code == SQLITE_ROW else { throw SQLiteFault(code: code, on: connection) }
        return sqlite3_column_int64(handle, 0)
    }

    private func check(_ code: Int32) throws(SQLiteFault) {
        guard code == SQLITE_OK else { throw SQLiteFault(code: code, on: connection) }
    }
}
