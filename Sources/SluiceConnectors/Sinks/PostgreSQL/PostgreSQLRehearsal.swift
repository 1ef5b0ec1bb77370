import Sluice

/// Writing rows in a transaction that is rolled back.
extension PostgreSQLWriter {
    func rehearse(_ batch: [SinkRecord]) async throws(SinkError) -> [Rehearsal] {
        do throws(PostgreSQLFault) {
            guard let table = try await PostgreSQLTable.load(plan.table, key: plan.key, connection) else {
                return batch.map { .row(before: nil, after: SinkRow(of: $0)) }
            }
            return try await rehearse(batch, table)
        } catch {
            throw error.sinkError
        }
    }

    private func rehearse(
        _ batch: [SinkRecord], _ table: PostgreSQLTable
    ) async throws(PostgreSQLFault) -> [Rehearsal] {
        do throws(PostgreSQLFault) {
            return try await attempt(batch, table)
        } catch {
            // Something in the batch is refused, and it is found as a delivery finds it.
            guard case .batchRejected(let reason, _) = error.sinkError else { throw error }
            guard batch.count > 1 else { return [.refused(reason: reason)] }
            let half = batch.count / 2
            return try await rehearse(Array(batch[..<half]), table) + rehearse(Array(batch[half...]), table)
        }
    }

    private func attempt(
        _ batch: [SinkRecord], _ table: PostgreSQLTable
    ) async throws(PostgreSQLFault) -> [Rehearsal] {
        let adds = try await addsColumns()
        let reader = PostgreSQLRowReader(plan, table, ignoresUnknown: adds || plan.unknown == .ignore)
        var rows: [PostgreSQLRow] = []
        var rehearsals: [Int: Rehearsal] = [:]
        for (index, record) in batch.enumerated() {
            do throws(PostgreSQLRowFailure) {
                rows.append(try reader.row(record, at: index))
            } catch {
                rehearsals[index] = .refused(reason: error.reason)
            }
        }
        let (before, after) = try await rolledBack(rows, table, count: batch.count)
        for row in rows {
            let written = after[row.key] ?? SinkRow(of: batch[row.index])
            rehearsals[row.index] = .row(
                before: before[row.key],
                // A field that would become a column is compared with the record's own value.
                after: adds ? Self.adding(batch[row.index], table, to: written) : written)
        }
        return batch.indices.map { rehearsals[$0] ?? .refused(reason: "it is no row") }
    }

    private func rolledBack(
        _ rows: [PostgreSQLRow], _ table: PostgreSQLTable, count: Int
    ) async throws(PostgreSQLFault) -> (before: [[String]: SinkRow], after: [[String]: SinkRow]) {
        _ = try await connection.execute("BEGIN")
        let result: Result<([[String]: SinkRow], [[String]: SinkRow]), PostgreSQLFault>
        do throws(PostgreSQLFault) {
            let before = try await present(rows, table)
            let statements = PostgreSQLStatements(plan: plan, table: table)
            _ = try await write(Self.segments(of: rows), statements, repeated: [], count: count)
            result = .success((before, try await present(rows, table)))
        } catch {
            result = .failure(error)
        }
        do throws(PostgreSQLFault) { _ = try await connection.execute("ROLLBACK") } catch { await connection.close() }
        return try result.get()
    }

    /// The rows of these keys, by the key's texts as the records have them.
    private func present(
        _ rows: [PostgreSQLRow], _ table: PostgreSQLTable
    ) async throws(PostgreSQLFault) -> [[String]: SinkRow] {
        guard !rows.isEmpty else { return [:] }
        let key = plan.key.compactMap { name in table.columns.first { $0.name == name } }
        let arrays = key.indices.map { "$\($0 + 1)::text[]" }.joined(separator: ", ")
        let names = key.indices.map { "k\($0)" }.joined(separator: ", ")
        let matches = key.enumerated().map { place, column in
            "r.\(PostgreSQLName.quoted(column.name)) = u.k\(place)::\(PostgreSQLStatements.plain(column.type))"
        }.joined(separator: " AND ")
        let columns = table.columns.map { "r.\(PostgreSQLName.quoted($0.name))::text" }.joined(separator: ", ")
        let found = try await connection.execute(
            """
            SELECT u._n, \(columns) FROM unnest(\(arrays)) WITH ORDINALITY AS u(\(names), _n)
            JOIN \(plan.quotedTable) r ON \(matches)
            """, key.indices.map { place in PostgreSQLArray.literal(rows.map { $0.key[place] }) })
        var present: [[String]: SinkRow] = [:]
        for values in found {
            guard let number = values[0].flatMap({ Int($0) }), rows.indices.contains(number - 1) else { continue }
            present[rows[number - 1].key] = SinkRow(
                zip(table.columns, values.dropFirst()).map { SinkRow.Value(column: $0.name, text: $1) })
        }
        return present
    }

    func rows(where column: String, is value: String, limit: Int) async throws(SinkError) -> [SinkRow] {
        do throws(PostgreSQLFault) {
            guard let table = try await PostgreSQLTable.load(plan.table, key: plan.key, connection) else { return [] }
            let columns = table.columns.map { "\(PostgreSQLName.quoted($0.name))::text" }.joined(separator: ", ")
            let found = try await connection.execute(
                """
                SELECT \(columns) FROM \(plan.quotedTable) WHERE \(PostgreSQLName.quoted(column))::text = $1
                LIMIT \(limit)
                """, [value])
            return found.map { values in
                SinkRow(zip(table.columns, values).map { SinkRow.Value(column: $0.name, text: $1) })
            }
        } catch {
            throw error.sinkError
        }
    }

    /// With the fields that have no column yet.
    private static func adding(_ record: SinkRecord, _ table: PostgreSQLTable, to row: SinkRow) -> SinkRow {
        let known = Set(table.columns.map(\.name))
        var row = row
        row.values += SinkRow(of: record).values.filter { !known.contains($0.column) && $0.text != nil }
        return row
    }
}
