import GRDB
import Sluice

/// Which column a field goes to, what becomes of a field that has none, and the SQL for the rest.
struct SQLiteColumnMatcher {
    private let plan: SQLitePlan
    private var table: SQLiteTable
    /// Columns of the key that a record must bring itself.
    let keyColumns: [Int]
    private let metaColumn: Int?
    /// That of `newer_by`, which a record must bring too.
    let orderColumn: Int?

    init(_ plan: SQLitePlan, _ table: SQLiteTable) {
        self.plan = plan
        self.table = table
        let meta = plan.usesMetaID ? table.position(of: SQLitePlan.metaColumn.utf8) : nil
        metaColumn = meta
        orderColumn = plan.newerBy.flatMap { table.position(of: $0.utf8) }
        keyColumns = plan.key.compactMap { table.position(of: $0.utf8) }.filter { $0 != meta }
    }

    func affinity(_ column: Int) -> SQLiteType.Affinity { table.columns[column].affinity }

    /// What the definition's type of the column takes; `nil` = anything.
    func fit(_ column: Int) -> SQLiteFit? { table.columns[column].declaration?.fit }

    /// The column for a field of this name, added if that is allowed.
    /// - Returns: `nil` = the field is left out.
    mutating func column(of name: [UInt8], _ database: Database) throws(SQLiteRowFailure) -> Int? {
        guard let column = table.position(of: name) else { return try unknown(name, database) }
        if column == metaColumn {
            throw .rejected(
                reason: "the field '\(shown(name))' has the name of the column for the record's own name (`meta.id`)",
                type: "duplicate-column")
        }
        if table.columns[column].isGenerated {
            if plan.unknown == .ignore { return nil }
            throw .rejected(
                reason:
                    "the column '\(shown(name))' of table '\(table.name)' is computed by the table; leave the field "
                    + "out, or set `unknown: ignore`", type: "generated-column")
        }
        return column
    }

    /// How many columns the table has; more once a record has asked for a new one.
    var columnCount: Int { table.columns.count }

    /// Checks, before a record adds its first column, that there is room for all that it asks for.
    func requireRoom(for names: [[UInt8]], _ database: Database) throws(SQLiteRowFailure) {
        let limit = SQLiteTableMaker(plan: plan, database: database).limit
        guard addsColumns, table.columns.count + names.count > limit else { return }
        let fresh = Set(names.lazy.filter { table.position(of: $0) == nil }.map(SQLiteName.folded))
        guard table.columns.count + fresh.count > limit,
            let first = names.first(where: { table.position(of: $0) == nil })
        else { return }
        throw .rejected(
            reason:
                "table '\(table.name)' has \(table.columns.count) columns and may have \(limit); there is no room for "
                + "the \(fresh.count) new fields of the record (the first is '\(shown(first))')",
            type: SQLiteRowFailure.tooManyColumns)
    }

    private var addsColumns: Bool { (plan.unknown ?? (table.isOurs ? .add : .reject)) == .add }

    private mutating func unknown(_ name: [UInt8], _ database: Database) throws(SQLiteRowFailure) -> Int? {
        switch plan.unknown ?? (table.isOurs ? .add : .reject) {
        case .ignore: return nil
        case .reject:
            throw .rejected(
                reason: "table '\(table.name)' has no column for the field '\(shown(name))'; add one, or set "
                    + "`unknown: add` or `unknown: ignore`", type: "unknown-column")
        case .add:
            return try add(name, database)
        }
    }

    private mutating func add(_ name: [UInt8], _ database: Database) throws(SQLiteRowFailure) -> Int? {
        let maker = SQLiteTableMaker(plan: plan, database: database)
        guard !name.contains(0) else {
            throw .rejected(
                reason: "the field '\(shown(name))' has a NUL in its name: no column can", type: "column-name")
        }
        do {
            let column = String(decoding: name, as: UTF8.self)
            try maker.addColumn(column, isStrict: table.isStrict)
            table.append(try SQLiteTable.load(plan, database)?.columns.last)
        } catch let error as DatabaseError {
            throw failure(SQLiteFault(error))
        } catch {
            throw .fault(SQLiteFault(code: 1, message: "\(error)"))
        }
        return table.position(of: name)
    }

    /// The INSERT for these columns, and for the record's own name behind them if the key asks for it.
    func insert(_ written: [Int]) -> String {
        let target = "main.\(SQLiteName.quoted(table.name))"
        var names = written.map { table.columns[$0].name }
        if metaColumn != nil { names.append(SQLitePlan.metaColumn) }
        guard !names.isEmpty else { return "INSERT INTO \(target) DEFAULT VALUES" }
        let parameters = (1...names.count).map { "?\($0)" }.joined(separator: ", ")
        return "INSERT INTO \(target) (\(SQLiteName.quoted(names))) VALUES (\(parameters))\(conflictClause(names))"
    }

    private func conflictClause(_ names: [String]) -> String {
        let key = SQLiteName.quoted(plan.key)
        switch plan.mode {
        case .insert: return ""
        case .ignore: return plan.key.isEmpty ? " ON CONFLICT DO NOTHING" : " ON CONFLICT (\(key)) DO NOTHING"
        case .upsert:
            let keyNames = Set(plan.key.map { SQLiteName.folded($0.utf8) })
            let others = names.filter { !keyNames.contains(SQLiteName.folded($0.utf8)) }
            let updates = (others.isEmpty ? plan.key : others)
                .map { "\(SQLiteName.quoted($0)) = excluded.\(SQLiteName.quoted($0))" }
            return " ON CONFLICT (\(key)) DO UPDATE SET \(updates.joined(separator: ", "))\(newerClause)"
        }
    }

    /// An equal one overwrites: it may be the same record once more. A row that has no value there is older than any.
    private var newerClause: String {
        guard let orderColumn else { return "" }
        let column = table.columns[orderColumn]
        let name = SQLiteName.quoted(column.name)
        let (old, new) = ("\(SQLiteName.quoted(table.name)).\(name)", "excluded.\(name)")
        guard column.declaration?.fit == .timestamp else { return " WHERE \(old) IS NULL OR \(new) >= \(old)" }
        // Times may be written with different offsets; what SQLite calls one millisecond is told apart as text.
        let (oldTime, newTime) = ("julianday(\(old))", "julianday(\(new))")
        return " WHERE \(oldTime) IS NULL OR \(newTime) > \(oldTime) OR (\(newTime) = \(oldTime) AND \(new) >= \(old))"
    }

    // MARK: Failures

    /// The record has no value for a column of the key, or for that of `newer_by`.
    func missing(_ column: Int) -> SQLiteRowFailure {
        let name = table.columns[column].name
        if column == orderColumn {
            return .rejected(
                reason: "the record has no value for '\(name)', which `newer_by` names: nobody can tell whether it is "
                    + "newer than its row", type: "missing-newer-by")
        }
        return .rejected(
            reason: "the record has no value for '\(name)', which `key` names: no row can be found by it",
            type: "missing-key")
    }

    /// The value of `newer_by` has no place in the order of the column's values.
    func hasNoOrder(_ column: Int, _ value: UnsafeBufferPointer<UInt8>) -> SQLiteRowFailure {
        .rejected(
            reason: "the column '\(table.columns[column].name)', which `newer_by` names, cannot be compared with "
                + "\(String(decoding: value.prefix(100), as: UTF8.self)): expected a text, or a number that the column "
                + "keeps as one", type: "does-not-fit")
    }

    func sameColumn(_ first: [UInt8], _ second: [UInt8]) -> SQLiteRowFailure {
        .rejected(
            reason:
                "the fields '\(shown(first))' and '\(shown(second))' are one column: SQLite does not tell A from a in "
                + "names", type: "duplicate-column")
    }

    /// The definition's type of the column does not take the value.
    /// - Parameter value: as JSON writes it.
    func doesNotFit(_ column: Int, _ value: UnsafeBufferPointer<UInt8>) -> SQLiteRowFailure {
        let column = table.columns[column]
        let text = String(decoding: value.prefix(100), as: UTF8.self) + (value.count > 100 ? "…" : "")
        return .rejected(
            reason:
                "the column '\(shown(Array(column.name.utf8)))' is declared \(column.declaration?.declared ?? ""), and "
                + "\(text) does not fit it; expected \(column.declaration?.fit?.expected ?? "another value")",
            type: "does-not-fit")
    }

    /// The column would keep another number than the record has.
    func lossOfDigits(_ column: Int?) -> SQLiteRowFailure {
        let name = column.map { table.columns[$0].name } ?? ""
        return .rejected(
            reason:
                "the number in '\(name)' has more digits than the column of that type keeps; declare the column TEXT",
            type: "does-not-fit")
    }

    func failure(_ fault: SQLiteFault) -> SQLiteRowFailure {
        guard fault.isAboutTheRow else { return .fault(fault) }
        return .rejected(reason: "table '\(table.name)' refuses the row: \(fault.message)", type: fault.type)
    }

    private func shown(_ name: [UInt8]) -> String { String(decoding: name.prefix(200), as: UTF8.self) }
}
