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
        func hasRoom(for names: [String]) -> Bool {
            if known.count + names.count + key.count <= limit { return true }
            return known.union(names.map { SQLiteName.folded($0.utf8) }).union(key).count <= limit
        }
        if plan.usesMetaID { add(SQLitePlan.metaColumn, type: "TEXT") }
        for column in plan.columns { add(column.name, type: column.type) }
        for record in batch {
            let names = names(in: record.body)
            // A record that is too wide is refused when its turn comes: it takes no room from the others.
            if hasRoom(for: names) { for name in names { add(name, type: "") } }
        }
        for column in plan.key { add(column, type: "") }
        if let column = plan.newerBy { add(column, type: "") }
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
                let fields = Set(names(in: record.body).map { SQLiteName.folded($0.utf8) }).count
                if fields > limit {
                    return SinkRejection(
                        index: index,
                        reason: "the record has \(fields) fields, and a table has at most \(limit) columns",
                        type: SQLiteRowFailure.tooManyColumns)
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
    private func names(in record: Bytes) -> [String] {
        var names: [String] = []
        do {
            try record.withScanner { (scanner) throws(JSONMistake) in
                try scanner.enterObject()
                while let (name, _) = try scanner.nextMember() {
                    let text = scanner.text(of: name)
                    if !text.utf8.contains(0) { names.append(text) }
                }
            }
        } catch { return names }
        return names
    }
}
