import GRDB
import GRDBSQLite
import Logging
import Sluice

/// One open database file. The sink's actor is its only user.
final class SQLiteDatabase {
    private let plan: SQLitePlan
    let queue: DatabaseQueue
    private let file: SQLiteFile
    /// When it was opened there was none, or an empty file.
    let isNew: Bool
    /// What is known of the table; `nil` = look again. It holds statements: gone before the connection closes.
    private var prepared: Prepared?

    struct Prepared {
        let writer: SQLiteRowWriter
        let delivered: SQLiteDelivered?
        /// Counts changes of the schema, whoever makes them: another number = look again.
        let schemaVersion: Int64
        let readSchemaVersion: SQLiteStatement
    }

    init(_ plan: SQLitePlan, mayCreate: Bool) throws(SinkError) {
        self.plan = plan
        (queue, file, isNew) = try SQLiteFile.open(plan, mayCreate: mayCreate)
    }

    /// Writes the batch in one transaction, in order, and answers once it is on disk.
    func write(_ batch: [SinkRecord], forgetting settled: [RecordIdentity]) throws(SinkError) -> [SinkEffect] {
        var effects: [SinkEffect] = []
        try transaction { database in
            let (prepared, isNewTable) = try prepare(database, creatingFor: batch)
            try prepared.delivered?.forget(settled)
            effects = try write(batch, prepared, isNewTable: isNewTable, database)
            try prepared.delivered?.store()
            return .commit
        }
        return effects
    }

    /// Goes on behind a record that is refused: the transaction is lost, and the delivery learns of all that are
    /// refused at once. A refused record changes nothing that the others are judged by, but for the room that its
    /// columns take: a record that finds none left then is not judged now, but with those behind it by the next try.
    private func write(
        _ batch: [SinkRecord], _ prepared: Prepared, isNewTable: Bool, _ database: Database
    ) throws -> [SinkEffect] {
        var effects: [SinkEffect] = []
        effects.reserveCapacity(batch.count)
        var rejections: [SinkRejection] = []
        var refusedTakeRoom = false
        for (index, record) in batch.enumerated() {
            if let delivered = prepared.delivered, !delivered.record(record.identity) {
                effects.append(.repeated)
                continue
            }
            let columns = prepared.writer.columnCount
            do throws(SQLiteRowFailure) {
                effects.append(try prepared.writer.write(record, database))
            } catch {
                switch error {
                case .rejected(let reason, let type):
                    let isTooWide = type == SQLiteRowFailure.tooManyColumns
                    if isTooWide, refusedTakeRoom { throw SinkError.rejected(rejections) }
                    if !isTooWide, isNewTable || prepared.writer.columnCount > columns { refusedTakeRoom = true }
                    rejections.append(SinkRejection(index: index, reason: reason, type: type))
                case .fault(let fault): throw fault
                }
                // `ON CONFLICT ROLLBACK` in a table, or a trigger, has ended the transaction: the next row would be
                // committed by itself.
                guard database.isInsideTransaction else { throw SinkError.rejected(rejections) }
            }
        }
        guard rejections.isEmpty else { throw SinkError.rejected(rejections) }
        return effects
    }

    /// Drops recorded identities in a transaction of their own.
    func forget(_ settled: [RecordIdentity]) throws(SinkError) {
        try transaction { database in
            try prepared?.delivered?.forget(settled)
            return .commit
        }
    }

    /// Takes the lock for writing, looks at the table and its key, and writes nothing.
    func probe() throws(SinkError) {
        try transaction { database in
            guard sqlite3_db_readonly(try database.connection, "main") == 0 else {
                throw SQLiteFault(code: SQLITE_READONLY, message: "attempt to write a readonly database")
            }
            if let table = try SQLiteTable.load(plan, database) {
                try table.checkKey(plan, database)
            } else if !plan.create {
                throw noTable
            }
            return .rollback
        }
    }

    func close() {
        prepared = nil
        do { try queue.close() } catch {
            plan.log.warning("the sink's database did not close", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: Transactions

    func transaction(_ body: (Database) throws -> Database.TransactionCompletion) throws(SinkError) {
        do {
            try queue.inDatabase { database in
                try database.inTransaction(.immediate) {
                    let completion = try body(database)
                    try checkFile()
                    return completion
                }
            }
            try checkFile()  // unlinked while it was committed: nobody will read that commit
        } catch {
            prepared = nil  // what it knows may have been rolled back
            let answer = sinkError(error)
            if case .unavailable = answer { try checkFile() }  // then that is the reason, whatever SQLite calls it
            throw answer
        }
    }

    private func checkFile() throws(SinkError) {
        guard SQLiteFile(path: plan.path) != file else { return }
        throw .unavailable(
            reason:
                "'\(plan.path)' was removed or replaced while it was open; nothing is written to the old file. What "
                + "is at the path by the next try is used from then on",
            type: "moved")
    }

    private func sinkError(_ error: any Error) -> SinkError {
        switch error {
        case let error as SinkError: error
        case let fault as SQLiteFault: fault.sinkError(path: plan.path)
        case let error as DatabaseError: SQLiteFault(error).sinkError(path: plan.path)
        default: .unavailable(reason: "'\(plan.path)' cannot be written: \(error)", type: "sqlite")
        }
    }

    // MARK: The table

    /// What is known of the table may be of a transaction that was taken back.
    func forgetPrepared() { prepared = nil }

    func prepare(
        _ database: Database, creatingFor batch: [SinkRecord]
    ) throws -> (Prepared, isNewTable: Bool) {
        if let prepared, try prepared.readSchemaVersion.integer() == prepared.schemaVersion { return (prepared, false) }
        prepared = nil
        let delivered = plan.remembersIdentities ? try SQLiteDelivered(plan, database) : nil
        let found = try SQLiteTable.load(plan, database)
        let table = try found ?? createTable(for: batch, database)
        try table.checkKey(plan, database)
        let readSchemaVersion = try SQLiteStatement("PRAGMA main.schema_version", on: database.connection)
        let fresh = Prepared(
            writer: try SQLiteRowWriter(plan, table, database), delivered: delivered,
            schemaVersion: try readSchemaVersion.integer(), readSchemaVersion: readSchemaVersion)
        prepared = fresh
        return (fresh, found == nil)
    }

    private func createTable(for batch: [SinkRecord], _ database: Database) throws -> SQLiteTable {
        guard plan.create else { throw noTable }
        let maker = SQLiteTableMaker(plan: plan, database: database)
        guard try maker.createTable(for: batch), let table = try SQLiteTable.load(plan, database) else {
            throw SinkError.rejected(maker.rejections(of: batch))
        }
        return table
    }

    private var noTable: SinkError {
        .unavailable(
            reason: "'\(plan.path)' has no table '\(plan.table)'; make it, or set `create: true`", type: "no-table")
    }
}

extension Database {
    /// The connection of the C API.
    var connection: OpaquePointer {
        get throws {
            guard let sqliteConnection else { throw SQLiteFault(code: SQLITE_MISUSE, message: "it is closed") }
            return sqliteConnection
        }
    }
}
