package import Logging
package import Sluice

/// Rows of one table of one PostgreSQL database: one JSON object is one row, its members are columns.
///
/// A batch is one transaction. Its rows travel as one array of texts for each column, and become values of the column's
/// own type on the server: a number keeps its digits, a date is read as PostgreSQL reads dates. Writes that come at once
/// have a connection each.
///
/// **What is promised.** `mode: upsert` writes a record again when it comes again: the same row. In every other mode the
/// identities of a batch are recorded in `_sluice_delivered`, beside the table, by the transaction that writes its rows,
/// so a record that comes again is known (`.repeated`), whether the commit before was seen or not; `settled` lets them
/// go, with a later write.
///
/// **Refused records.** What is no row for this table is named; what the server refuses is not, and the batch is halved.
package actor PostgreSQLSink: RehearsingSink {
    private let plan: PostgreSQLPlan
    /// Connections that nobody uses just now.
    private var idle: [PostgreSQLWriter] = []
    /// Their rows in `_sluice_delivered` go with the next transaction.
    private var settledIdentities: [RecordIdentity] = []

    /// - Parameter folder: the id of the data folder.
    /// - Throws: what the delivery says and cannot mean. Nobody is connected to yet.
    package init(
        _ deliver: Deliver, url: String, folder: String, pipeline: String, logger: Logger
    ) throws(SinkCatalogue.Mistake) {
        plan = try PostgreSQLPlan(deliver, url: url, folder: folder, pipeline: pipeline, logger: logger)
    }

    package func write(_ batch: [SinkRecord]) async throws(SinkError) -> [SinkEffect] {
        guard !batch.isEmpty else { return [] }
        let writer = idle.popLast() ?? PostgreSQLWriter(plan)
        let forgetting = settledIdentities
        settledIdentities = []
        do throws(SinkError) {
            let effects = try await writer.write(batch, forgetting: forgetting)
            idle.append(writer)
            return effects
        } catch {
            settledIdentities += forgetting
            if case .unavailable = error { await writer.close() } else { idle.append(writer) }
            throw error
        }
    }

    package func settled(_ records: [RecordIdentity]) {
        if plan.remembersIdentities { settledIdentities += records }
    }

    package func probe() async throws(SinkError) {
        let writer = PostgreSQLWriter(plan)
        do throws(SinkError) {
            try await writer.probe()
        } catch {
            await writer.close()
            throw error
        }
        await writer.close()
    }

    package nonisolated var hasKey: Bool { !plan.key.isEmpty }

    package func rehearse(_ batch: [SinkRecord]) async throws(SinkError) -> [Rehearsal] {
        guard !batch.isEmpty else { return [] }
        return try await withWriter { (writer) throws(SinkError) in try await writer.rehearse(batch) }
    }

    package func rows(where column: String, is value: String, limit: Int) async throws(SinkError) -> [SinkRow] {
        try await withWriter { (writer) throws(SinkError) in
            try await writer.rows(where: column, is: value, limit: limit)
        }
    }

    private func withWriter<Value: Sendable>(
        _ body: (PostgreSQLWriter) async throws(SinkError) -> Value
    ) async throws(SinkError) -> Value {
        let writer = idle.popLast() ?? PostgreSQLWriter(plan)
        do throws(SinkError) {
            let value = try await body(writer)
            idle.append(writer)
            return value
        } catch {
            await writer.close()
            throw error
        }
    }

    package func close() async {
        let last = settledIdentities
        settledIdentities = []
        if !last.isEmpty { await idle.last?.forget(last) }
        for writer in idle { await writer.close() }
        idle = []
    }
}
