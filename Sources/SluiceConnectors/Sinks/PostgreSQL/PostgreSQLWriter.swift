import Logging
import Sluice

/// One connection, and what it knows of the table: writes batches, each in one transaction.
actor PostgreSQLWriter {
    let plan: PostgreSQLPlan
    let connection: PostgreSQLConnection
    private var table: PostgreSQLTable?
    private var hasDelivered = false

    /// At once, so many times; then a deadlock is reported and the batch released.
    private static let tries = 3

    init(_ plan: PostgreSQLPlan) {
        self.plan = plan
        connection = PostgreSQLConnection(url: plan.url)
    }

    /// - Parameter forgetting: identities whose settlement is durable.
    func write(_ batch: [SinkRecord], forgetting: [RecordIdentity]) async throws(SinkError) -> [SinkEffect] {
        var attempt = 1
        while true {
            do throws(PostgreSQLFault) {
                return try await attemptWrite(batch, forgetting)
            } catch {
                await forgetTable()
                if error.state.hasPrefix("40"), attempt < Self.tries {
                    attempt += 1
                    continue
                }
                throw error.sinkError
            }
        }
    }

    func probe() async throws(SinkError) {
        do throws(PostgreSQLFault) {
            guard let table = try await PostgreSQLTable.load(plan.table, key: plan.key, connection) else {
                if plan.create { return }
                throw noTable
            }
            try check(table)
        } catch {
            await forgetTable()
            throw error.sinkError
        }
    }

    /// What stays because of a fault costs its place only.
    func forget(_ identities: [RecordIdentity]) async {
        guard let table, hasDelivered else { return }
        do throws(PostgreSQLFault) {
            try await forget(identities, PostgreSQLStatements(plan: plan, table: table))
        } catch {
            plan.log.debug("settled identities stay in the sink", metadata: ["reason": "\(error.message)"])
        }
    }

    private func forget(
        _ identities: [RecordIdentity], _ statements: PostgreSQLStatements
    ) async throws(PostgreSQLFault) {
        _ = try await connection.execute(statements.forget, whose + [PostgreSQLArray.literal(identities.map(\.text))])
    }

    /// In the table of identities.
    private var whose: [String?] { [plan.folder, plan.pipeline, plan.delivery] }

    func close() async { await connection.close() }

    /// Whatever went wrong, it may be because the table is another one by now.
    private func forgetTable() async {
        table = nil
        hasDelivered = false
    }

    // MARK: A batch

    private func attemptWrite(
        _ batch: [SinkRecord], _ forgetting: [RecordIdentity]
    ) async throws(PostgreSQLFault) -> [SinkEffect] {
        let table = try await readyTable(for: batch)
        let rows: [PostgreSQLRow]
        switch read(batch, table) {
        case .success(let read): rows = read
        case .failure(let rejections): throw PostgreSQLFault(rejections)
        }
        let statements = PostgreSQLStatements(plan: plan, table: table)
        let segments = Self.segments(of: rows)
        // One statement is a transaction of its own.
        guard plan.remembersIdentities || segments.count > 1 else {
            return try await write(segments, statements, repeated: [], count: batch.count)
        }
        if plan.remembersIdentities, !hasDelivered {
            try await make([statements.makeDelivered])
            hasDelivered = true
        }
        return try await inTransaction { () throws(PostgreSQLFault) in
            let repeated = try await record(rows, forgetting, statements)
            let fresh = Self.segments(of: rows.filter { !repeated.contains($0.index) })
            return try await write(fresh, statements, repeated: repeated, count: batch.count)
        }
    }

    private func inTransaction<Value>(
        _ body: () async throws(PostgreSQLFault) -> Value
    ) async throws(PostgreSQLFault) -> Value {
        _ = try await connection.execute("BEGIN")
        do throws(PostgreSQLFault) {
            let value = try await body()
            _ = try await connection.execute("COMMIT")
            return value
        } catch {
            // What the server has begun ends with the connection.
            do throws(PostgreSQLFault) {
                _ = try await connection.execute("ROLLBACK")
            } catch {
                await connection.close()
            }
            throw error
        }
    }

    /// Makes what another connection may be making at this moment: `IF NOT EXISTS` does not see that one.
    private func make(_ statements: [String]) async throws(PostgreSQLFault) {
        do throws(PostgreSQLFault) {
            try await inTransaction { () throws(PostgreSQLFault) in
                for statement in statements { _ = try await connection.execute(statement) }
            }
        } catch  where ["23505", "42P07", "42710", "42701"].contains(error.state) {
            plan.log.debug("another connection made the table first")
        }
    }

    private func read(_ batch: [SinkRecord], _ table: PostgreSQLTable) -> Result<[PostgreSQLRow], Rejections> {
        let reader = PostgreSQLRowReader(plan, table, ignoresUnknown: plan.unknown == .ignore)
        var rows: [PostgreSQLRow] = []
        var rejections: [SinkRejection] = []
        for (index, record) in batch.enumerated() {
            do throws(PostgreSQLRowFailure) {
                rows.append(try reader.row(record, at: index))
            } catch {
                rejections.append(SinkRejection(index: index, reason: error.reason, type: error.type))
            }
        }
        return rejections.isEmpty ? .success(rows) : .failure(Rejections(list: rejections))
    }

    struct Rejections: Error { let list: [SinkRejection] }

    /// Rows that one statement can write, in order: of the same columns, and no key twice.
    static func segments(of rows: [PostgreSQLRow]) -> [[PostgreSQLRow]] {
        var segments: [[PostgreSQLRow]] = []
        var keys: Set<[String]> = []
        for row in rows {
            let isNew = row.key.isEmpty || keys.insert(row.key).inserted
            if isNew, let first = segments.last?.first, first.columns == row.columns {
                segments[segments.count - 1].append(row)
            } else {
                segments.append([row])
                keys = row.key.isEmpty ? [] : [row.key]
            }
        }
        return segments
    }

    func write(
        _ segments: [[PostgreSQLRow]], _ statements: PostgreSQLStatements, repeated: Set<Int>, count: Int
    ) async throws(PostgreSQLFault) -> [SinkEffect] {
        var effects = Array(repeating: SinkEffect.written, count: count)
        for index in repeated { effects[index] = .repeated }
        for segment in segments {
            guard let columns = segment.first?.columns, !columns.isEmpty else {
                throw PostgreSQLFault(state: "22000", message: "the record has no field that has a column")
            }
            let (sql, tellsWritten) = statements.write(columns)
            let parameters = columns.indices.map { place in
                Optional(PostgreSQLArray.literal(segment.map { $0.values[place] }))
            }
            let result = try await connection.execute(sql, parameters)
            guard tellsWritten else { continue }
            let written = Set(result.compactMap { $0.first ?? nil }.compactMap { Int($0) })
            for (place, row) in segment.enumerated() where !written.contains(place + 1) {
                effects[row.index] = plan.mode == .ignore ? .ignored : .stale
            }
        }
        return effects
    }

    /// - Returns: the places in the batch of records whose rows are there already.
    private func record(
        _ rows: [PostgreSQLRow], _ forgetting: [RecordIdentity], _ statements: PostgreSQLStatements
    ) async throws(PostgreSQLFault) -> Set<Int> {
        guard plan.remembersIdentities else { return [] }
        if !forgetting.isEmpty { try await forget(forgetting, statements) }
        let new = try await connection.execute(
            statements.record, whose + [PostgreSQLArray.literal(rows.map(\.identity.text))])
        let numbers = Set(new.compactMap { $0.first ?? nil }.compactMap { Int($0) })
        return Set(rows.enumerated().filter { !numbers.contains($0.offset + 1) }.map(\.element.index))
    }

    // MARK: The table

    private func readyTable(for batch: [SinkRecord]) async throws(PostgreSQLFault) -> PostgreSQLTable {
        if let table, plan.unknown == .ignore || !Self.hasNewFields(batch, table) { return table }
        var found = try await PostgreSQLTable.load(plan.table, key: plan.key, connection)
        if found == nil {
            guard plan.create else { throw noTable }
            try await makeTable(for: batch)
            found = try await PostgreSQLTable.load(plan.table, key: plan.key, connection)
        }
        guard var table = found else { throw noTable }
        try check(table)
        let adds = try await addsColumns()
        if adds, Self.hasNewFields(batch, table) {
            let statements = PostgreSQLStatements(plan: plan, table: table)
            let known = Set(table.columns.map(\.name))
            try await make(Self.fields(of: batch).filter { !known.contains($0.name) }.map(statements.add))
            table = try await PostgreSQLTable.load(plan.table, key: plan.key, connection) ?? table
        }
        self.table = table
        return table
    }

    func addsColumns() async throws(PostgreSQLFault) -> Bool {
        switch plan.unknown {
        case .add: return true
        case .ignore, .reject: return false
        case nil:
            let comment = try await connection.execute(
                "SELECT obj_description(to_regclass($1), 'pg_class')", [plan.quotedTable])
            return comment.first?.first == PostgreSQLStatements.mark
        }
    }

    private func makeTable(for batch: [SinkRecord]) async throws(PostgreSQLFault) {
        let empty = PostgreSQLTable(columns: [], keyIsUnique: true, mayInsert: true, mayUpdate: true)
        let statements = PostgreSQLStatements(plan: plan, table: empty)
        let declared = Set(plan.columns.map(\.name))
        var fields = Self.fields(of: batch).filter { !declared.contains($0.name) }
        for column in plan.key where !declared.contains(column) && !fields.contains(where: { $0.name == column }) {
            fields.insert((column, "text"), at: 0)
        }
        try await make([statements.create(fields), statements.markTable])
    }

    private static func hasNewFields(_ batch: [SinkRecord], _ table: PostgreSQLTable) -> Bool {
        let known = Set(table.columns.map(\.name))
        return fields(of: batch).contains { !known.contains($0.name) }
    }

    /// The fields of the records of a batch, in the order in which they come, with a type that each would have.
    private static func fields(of batch: [SinkRecord]) -> [(name: String, type: String)] {
        var fields: [(name: String, type: String)] = []
        var known: Set<String> = []
        for record in batch {
            do throws(PostgreSQLRowFailure) {
                for (name, value) in try PostgreSQLRowReader.members(of: record)
                where value.kind != .null && known.insert(name).inserted {
                    fields.append((name, PostgreSQLStatements.type(for: value)))
                }
            } catch {
                // It is refused when it becomes a row.
            }
        }
        return fields
    }

    private func check(_ table: PostgreSQLTable) throws(PostgreSQLFault) {
        let names = Set(table.columns.map(\.name))
        if let missing = plan.key.first(where: { !names.contains($0) }) {
            throw PostgreSQLFault(
                state: "42P10", message: "the table '\(plan.table)' has no column '\(missing)', which is in the key")
        }
        if let newerBy = plan.newerBy, !names.contains(newerBy) {
            throw PostgreSQLFault(
                state: "42P10", message: "the table '\(plan.table)' has no column '\(newerBy)', which `newer_by` names")
        }
        if plan.mode != .insert, !table.keyIsUnique {
            throw PostgreSQLFault(
                state: "42P10",
                message:
                    "the key (\(plan.key.joined(separator: ", "))) is not unique in '\(plan.table)': make a unique "
                    + "index of exactly these columns")
        }
        if !table.mayInsert || (plan.mode == .upsert && !table.mayUpdate) {
            throw PostgreSQLFault(
                state: "42501",
                message: "the role may not write to '\(plan.table)'; it needs INSERT"
                    + (plan.mode == .upsert ? ", UPDATE and SELECT" : ""))
        }
    }

    private var noTable: PostgreSQLFault {
        PostgreSQLFault(state: "42P01", message: "there is no table '\(plan.table)'; make it, or set `create: true`")
    }
}
