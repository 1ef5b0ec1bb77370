package import Logging
package import Sluice

/// Rows of one table of one SQLite database: one JSON object is one row, its members are columns.
///
/// A batch is one transaction, committed with `synchronous=EXTRA` before `write` returns. SQLite has one writer, so
/// the sink has one connection: writes that come at once wait for each other here, in order, instead of meeting as
/// locks in the file. The connection, its pragmas and all DDL go through GRDB; rows go through prepared statements
/// of the C API (`SQLiteRowWriter`), because a statement of GRDB's costs more than the row itself.
///
/// **What is promised.** `mode: upsert` writes a record again when it comes again: the same row. In every other mode
/// the identities of a batch are stored in `_sluice_delivered` by the transaction that writes its rows, so a record
/// that comes again after a crash is known (`.repeated`); `settled` lets them go, with the next write.
///
/// **Refused records.** A batch is tried to its end, and `.rejected` names every record of it that is refused,
/// whether by its own text or by the table's rules.
///
/// **Rows.** A column that a record does not name gets its default when the row is new, and is left alone when an
/// upsert finds the row. A record without its key (missing or null) is rejected, in every mode.
///
/// **The file.** Before each commit, and again after it, the path must still be the file that is open: an unlinked
/// file takes commits that nobody will ever read. The sink then answers `.unavailable`; the next try opens what is
/// at the path by then. A database with rows of ours or of others that has vanished is not made anew by the same
/// process: perhaps a disk is missing. Somebody has to say that an empty one is right, by an empty file in its place.
package actor SQLiteSink: RehearsingSink {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let executor: BlockingExecutor

    private let plan: SQLitePlan
    private(set) var database: SQLiteDatabase?
    /// There was a database, or we have written to the one we made: another one is opened, never made.
    private var hadDatabase = false
    /// Their rows in `_sluice_delivered` go with the next transaction: one of their own would cost a sync.
    private var settledIdentities: [RecordIdentity] = []

    /// At once, so many times; then the lock is reported and the batch released.
    private static let tries = 3

    /// - Parameters:
    ///   - path: of the database, absolute.
    ///   - folder: the id of the data folder.
    /// - Throws: what the delivery says and cannot mean. The database is not looked at yet.
    package init(
        _ deliver: Deliver, path: String, folder: String, pipeline: String, logger: Logger
    ) throws(SinkCatalogue.Mistake) {
        plan = try SQLitePlan(deliver, path: path, folder: folder, pipeline: pipeline, logger: logger)
        executor = BlockingExecutor(label: "sluice.sink.\(pipeline)/\(deliver.effectiveName)")
    }

    package func write(_ batch: [SinkRecord]) throws(SinkError) -> [SinkEffect] {
        guard !batch.isEmpty else { return [] }
        let effects = try withDatabase { (database) throws(SinkError) in
            try database.write(batch, forgetting: settledIdentities)
        }
        hadDatabase = true
        settledIdentities.removeAll(keepingCapacity: true)
        return effects
    }

    package func settled(_ records: [RecordIdentity]) {
        if plan.remembersIdentities { settledIdentities += records }
    }

    /// A database that is not there yet is not made for it.
    package func probe() throws(SinkError) {
        if try isMissing() { return }
        try withDatabase { (database) throws(SinkError) in try database.probe() }
    }

    package nonisolated var hasKey: Bool { !plan.key.isEmpty }

    package func rehearse(_ batch: [SinkRecord]) throws(SinkError) -> [Rehearsal] {
        // A database that is not there is not made for it.
        if try isMissing() { return batch.map { .row(before: nil, after: SinkRow(of: $0)) } }
        do throws(SinkError) {
            return try withDatabase { (database) throws(SinkError) in try database.rehearse(batch, plan) }
        } catch {
            guard case .rejected(let rejections) = error else { throw error }
            return Self.judged(batch, rejections)
        }
    }

    /// A table cannot be made for some of them, and so is for none.
    private static func judged(_ batch: [SinkRecord], _ rejections: [SinkRejection]) -> [Rehearsal] {
        batch.indices.map { index in
            if let rejection = rejections.first(where: { $0.index == index }) {
                return .refused(reason: rejection.reason)
            }
            return .row(before: nil, after: SinkRow(of: batch[index]))
        }
    }

    private func isMissing() throws(SinkError) -> Bool {
        guard database == nil, !hadDatabase else { return false }
        return try !SQLiteFile.isThere(plan)
    }

    package func rows(where column: String, is value: String, limit: Int) throws(SinkError) -> [SinkRow] {
        if try isMissing() { return [] }
        return try withDatabase { (database) throws(SinkError) in
            try database.rows(where: column, is: value, limit: limit, plan)
        }
    }

    package func close() {
        if let database, !settledIdentities.isEmpty {
            do { try database.forget(settledIdentities) } catch {
                plan.log.warning(
                    "recorded identities stay in the sink; they cost a few rows and do no harm",
                    metadata: ["reason": "\(error.reason)"])
            }
        }
        database?.close()
        database = nil
    }

    private func withDatabase<Result>(
        _ body: (SQLiteDatabase) throws(SinkError) -> Result
    ) throws(SinkError) -> Result {
        var attempt = 1
        while true {
            do throws(SinkError) {
                return try body(try openDatabase())
            } catch {
                switch error {
                case .busy where attempt < Self.tries: attempt += 1
                case .unavailable:
                    database?.close()
                    database = nil
                    throw error
                case .busy, .rejected, .batchRejected, .tooLarge: throw error
                }
            }
        }
    }

    private func openDatabase() throws(SinkError) -> SQLiteDatabase {
        if let database { return database }
        let opened = try SQLiteDatabase(plan, mayCreate: plan.create && !hadDatabase)
        if !opened.isNew { hadDatabase = true }
        database = opened
        return opened
    }
}
