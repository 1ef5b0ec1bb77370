import GRDB
import GRDBSQLite
import Sluice

/// What SQLite answered instead of doing it.
struct SQLiteFault: Error {
    /// The extended result code.
    let code: Int32
    let message: String

    init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: DatabaseError) {
        code = error.extendedResultCode.rawValue
        message = error.message ?? "error \(code)"
    }

    /// The answer that a connection has just given.
    init(code: Int32, on connection: OpaquePointer) {
        self.code = code
        message = String(cString: sqlite3_errmsg(connection))
    }

    /// As `errors: match:` and a dead letter name it.
    var type: String { "sql:\(code)" }

    /// Whether a row is at fault when its own statement answers this. A plain SQLITE_ERROR while a statement runs
    /// is the data's too: an integer that overflows in a generated column, JSON that a CHECK cannot read.
    var isAboutTheRow: Bool {
        switch code & 0xFF {
        case SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_ERROR: true
        default: false
        }
    }

    /// What has to happen next, when no single row is to blame. The table in the reference, "Which answer means what".
    func sinkError(path: String) -> SinkError {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL, SQLITE_INTERRUPT:
            .busy(reason: "'\(path)' is locked by another connection (\(message))", type: type, after: nil)
        case SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG:
            .batchRejected(reason: "'\(path)' refuses the batch: \(message)", type: type)
        default:
            .unavailable(reason: "\(what(path)) (\(message), code \(code))", type: type)
        }
    }

    /// What is wrong with the database and what to do about it.
    private func what(_ path: String) -> String {
        switch code & 0xFF {
        case SQLITE_READONLY, SQLITE_PERM: "'\(path)' is read-only; make the file and its folder writable"
        case SQLITE_CANTOPEN: "cannot open '\(path)'; its folder must be there, and both be readable and writable"
        case SQLITE_FULL: "the disk of '\(path)' is full; make room"
        case SQLITE_IOERR: "reading or writing '\(path)' failed; look after its disk"
        case SQLITE_NOTADB: "'\(path)' is not an SQLite database; name another file, or move this one away"
        case SQLITE_CORRUPT: "'\(path)' is damaged; restore it, or save what is in it with `sqlite3 … .recover`"
        default: "'\(path)' cannot be written"
        }
    }
}

/// Why one record was not written.
enum SQLiteRowFailure: Error {
    /// It never can be.
    case rejected(reason: String, type: String)
    /// The database is at fault, not the record.
    case fault(SQLiteFault)
}

extension SQLiteRowFailure {
    static let tooManyColumns = "too-many-columns"

    /// How a record is refused that is no row, as far as its text goes.
    static func words(for mistake: JSONMistake, in record: Bytes) -> (reason: String, type: String) {
        guard case .unexpected(_, wanted: .object) = mistake.reason else { return (mistake.description, "not-json") }
        do {
            let kind = try JSONValue(parsing: record).kind
            return ("a row is one JSON object, and this record is another value (\(kind))", "not-an-object")
        } catch {
            return (error.description, "not-json")
        }
    }
}
