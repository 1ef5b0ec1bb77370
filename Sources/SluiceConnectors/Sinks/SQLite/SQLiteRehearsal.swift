import GRDB
import Sluice

/// Writing rows in a transaction that is rolled back.
extension SQLiteDatabase {
    func rehearse(_ batch: [SinkRecord], _ plan: SQLitePlan) throws(SinkError) -> [Rehearsal] {
        var rehearsals: [Rehearsal] = []
        try transaction { database in
            let rows = SQLiteRows(plan: plan, database: database)
            // What a table that is not there yet would be like is known only of all records together.
            let wasThere = try SQLiteTable.load(plan, database) != nil
            let (prepared, _) = try prepare(database, creatingFor: batch)
            for record in batch {
                rehearsals.append(
                    try rehearse(record, rows, wasThere: wasThere) { (record) throws(SQLiteRowFailure) in
                        _ = try prepared.writer.write(record, database)
                    })
            }
            return .rollback
        }
        forgetPrepared()
        return rehearsals
    }

    private func rehearse(
        _ record: SinkRecord, _ rows: SQLiteRows, wasThere: Bool,
        _ write: (SinkRecord) throws(SQLiteRowFailure) -> Void
    ) throws -> Rehearsal {
        let before = wasThere ? try rows.row(of: record) : nil
        do throws(SQLiteRowFailure) {
            try write(record)
        } catch {
            switch error {
            case .rejected(let reason, _): return .refused(reason: reason)
            case .fault(let fault): throw fault
            }
        }
        guard let after = try rows.row(of: record) else {
            return .refused(reason: "the row cannot be found by its key again")
        }
        return .row(before: before, after: after)
    }

    func rows(where column: String, is value: String, limit: Int, _ plan: SQLitePlan) throws(SinkError) -> [SinkRow] {
        var found: [SinkRow] = []
        try transaction { database in
            let rows = SQLiteRows(plan: plan, database: database)
            if try SQLiteTable.load(plan, database) != nil {
                found = try rows.rows(where: column, is: value, limit: limit)
            }
            return .rollback
        }
        return found
    }
}

/// Rows of the sink's table, by key.
private struct SQLiteRows {
    let plan: SQLitePlan
    let database: Database

    private var table: String { "main.\(SQLiteName.quoted(plan.table))" }

    /// `nil` = there is none, or the record has no key.
    func row(of record: SinkRecord) throws -> SinkRow? {
        guard let key = key(of: record) else { return nil }
        let columns = plan.key.map { "\(SQLiteName.quoted($0)) = ?" }.joined(separator: " AND ")
        let row = try Row.fetchOne(
            database, sql: "SELECT * FROM \(table) WHERE \(columns)", arguments: StatementArguments(key))
        return row.map(Self.texts)
    }

    /// As text, whatever type the value has.
    func rows(where column: String, is value: String, limit: Int) throws -> [SinkRow] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM \(table) WHERE CAST(\(SQLiteName.quoted(column)) AS TEXT) = ? LIMIT ?",
            arguments: [value, limit]
        ).map(Self.texts)
    }

    private func key(of record: SinkRecord) -> [DatabaseValue]? {
        let object: JSONValue
        do { object = try JSONValue(parsing: record.body) } catch { return nil }
        var values: [DatabaseValue] = []
        for column in plan.key {
            if column == SQLitePlan.metaColumn, plan.usesMetaID {
                values.append(record.name.databaseValue)
                continue
            }
            let folded = SQLiteName.folded(column.utf8)
            guard let member = Array(object.members).last(where: { SQLiteName.folded($0.name.utf8) == folded }),
                let value = Self.value(of: member.value)
            else { return nil }
            values.append(value)
        }
        return values
    }

    /// As a column without a type has it; a comparison makes of it what the column's type does.
    private static func value(of value: JSONValue) -> DatabaseValue? {
        switch value.kind {
        case .null: nil
        case .true: 1.databaseValue
        case .false: 0.databaseValue
        case .string: value.string?.databaseValue
        case .number:
            if let number = Int64(value.bytes.text) { number.databaseValue } else { decimal(value.bytes.text) }
        case .object, .array: value.bytes.text.databaseValue
        }
    }

    private static func decimal(_ text: String) -> DatabaseValue {
        if let number = Double(text), "\(number)" == text { return number.databaseValue }
        return text.databaseValue
    }

    private static func texts(_ row: Row) -> SinkRow {
        SinkRow(
            row.map { column, value in
                let text: String? =
                    switch value.storage {
                    case .null: nil
                    case .int64(let number): "\(number)"
                    case .double(let number): "\(number)"
                    case .string(let text): text
                    case .blob(let data): data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                    }
                return SinkRow.Value(column: column, text: text)
            })
    }
}
