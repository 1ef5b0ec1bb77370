import GRDB
import GRDBSQLite
import Sluice

/// Makes tables and columns for what records have in them.
struct SQLiteTableMaker {
    let plan: SQLitePlan
    let database: Database

    /// Makes the table: the declared columns in their order, then the fields of the batch in the order they first
    /// appear, without a type, so that SQLite changes no value.
    /// - Returns: false if neither the definition nor the batch names a column.
    func createTable(for batch: [SinkRecord]) throws -> Bool {
        let key = Set(plan.key.map { SQLiteName.folded($0.utf8) })
        var known: Set<[UInt8]> = []
        var definitions: [String] = []
        func add(_ name: String, type: String) {
            let folded = SQLiteName.folded(name.utf8)
            guard definitions.count < limit, known.insert(folded).inserted else { return }
            definitions.append(definition(name, type: type) + (key.contains(folded) ? " NOT NULL" : ""))
        }
        if plan.usesMetaID { add(SQLitePlan.metaColumn, type: "TEXT") }
        for column in plan.columns { add(column.name, type: column.type) }
        for record in batch { forEachName(in: record.body) { add($0, type: "") } }
        for column in plan.key { add(column, type: "") }
        guard !definitions.isEmpty else { return false }
        if !plan.key.isEmpty { definitions.append("PRIMARY KEY (\(SQLiteName.quoted(plan.key)))") }
        try database.execute(
            sql: "CREATE TABLE main.\(SQLiteName.quoted(plan.table)) (\(SQLiteTable.mark) "
                + definitions.joined(separator: ", ") + ")")
        return true
    }

    /// Why no table can be made for these records, of which none names a column.
    func rejections(of batch: [SinkRecord]) -> [SinkRejection] {
        batch.enumerated().map { index, record in
            do throws(JSONMistake) {
                try record.body.withScanner { (scanner) throws(JSONMistake) in
                    try scanner.enterObject()
                    while try scanner.nextMember() != nil {}
                    try scanner.finish()
                }
            } catch {
                let (reason, type) = SQLiteRowFailure.words(for: error, in: record.body)
                return SinkRejection(index: index, reason: reason, type: type)
            }
            return SinkRejection(
                index: index,
                reason: "table '\(plan.table)' cannot be made: neither this record nor `columns` names a column",
                type: "no-columns")
        }
    }

    /// Adds a column to the table: without a type if the definition declares none, which is `ANY` in a table that
    /// is strict.
    func addColumn(_ name: String, isStrict: Bool) throws {
        let folded = SQLiteName.folded(name.utf8)
        let declared = plan.columns.first { SQLiteName.folded($0.name.utf8) == folded }?.type ?? ""
        let type = declared.isEmpty && isStrict ? "ANY" : declared
        try database.execute(
            sql: "ALTER TABLE main.\(SQLiteName.quoted(plan.table)) ADD COLUMN \(definition(name, type: type))")
    }

    /// As many columns as a table may have.
    var limit: Int { Int(sqlite3_limit(database.sqliteConnection, SQLITE_LIMIT_COLUMN, -1)) }

    private func definition(_ name: String, type: String) -> String {
        type.isEmpty ? SQLiteName.quoted(name) : "\(SQLiteName.quoted(name)) \(type)"
    }

    /// The names that may be columns. A record that is broken has those before its mistake: it is rejected when its
    /// turn comes, and the table made for it goes with it.
    private func forEachName(in record: Bytes, _ body: (String) -> Void) {
        do {
            try record.withScanner { (scanner) throws(JSONMistake) in
                try scanner.enterObject()
                while let (name, _) = try scanner.nextMember() {
                    let text = scanner.text(of: name)
                    if !text.utf8.contains(0) { body(text) }
                }
            }
        } catch { return }
    }
}
