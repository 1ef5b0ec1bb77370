import GRDB
import Sluice

/// The shape of the table that is written to, as the database has it now.
struct SQLiteTable {
    struct Column {
        let name: String
        let affinity: SQLiteType.Affinity
        /// What the definition says of it.
        let declaration: SQLiteDeclaration?
        /// Computed by the table: nothing may be written to it.
        let isGenerated: Bool
    }

    let name: String
    private(set) var columns: [Column]
    /// Made by Sluice, which may add columns to it unless the definition says otherwise.
    let isOurs: Bool
    /// Made `STRICT`: every column needs a type.
    let isStrict: Bool
    /// Where a column stands in `columns`, by its folded name.
    private var positions: [[UInt8]: Int]

    /// Stands in the CREATE TABLE statement that SQLite keeps. So it goes where the table goes (renamed, dumped and
    /// restored), ends when the table does, and needs no table of its own in somebody's database.
    static let mark = "/* made by Sluice, which adds a column for each new field */"

    /// - Returns: `nil` if there is no such table.
    /// - Throws: `SinkError.unavailable` for a view, `DatabaseError`.
    static func load(_ plan: SQLitePlan, _ database: Database) throws -> SQLiteTable? {
        let found = try Row.fetchOne(
            database,
            sql: "SELECT type, sql FROM main.sqlite_schema WHERE lower(name) = lower(?) AND type IN ('table', 'view')",
            arguments: [plan.table])
        guard let found else { return nil }
        guard found["type"] == "table" else {
            throw SinkError.unavailable(
                reason: "'\(plan.table)' in '\(plan.path)' is a view; `table` must name a table", type: "view")
        }
        let sql: String = found["sql"] ?? ""
        let isStrict =
            try Bool.fetchOne(
                database, sql: "SELECT strict FROM pragma_table_list(?) WHERE schema = 'main'", arguments: [plan.table])
            ?? false
        let declarations = Dictionary(
            plan.columns.map { (SQLiteName.folded($0.name.utf8), $0) }, uniquingKeysWith: { first, _ in first })
        let columns = try Row.fetchAll(
            database, sql: "SELECT name, type, hidden FROM pragma_table_xinfo(?)", arguments: [plan.table]
        )
        .map { row in
            let name: String = row["name"]
            return Column(
                name: name, affinity: SQLiteType.Affinity(declared: row["type"], isStrict: isStrict),
                declaration: declarations[SQLiteName.folded(name.utf8)], isGenerated: row["hidden"] != 0)
        }
        return SQLiteTable(name: plan.table, columns: columns, isOurs: sql.contains(mark), isStrict: isStrict)
    }

    private init(name: String, columns: [Column], isOurs: Bool, isStrict: Bool) {
        self.name = name
        self.columns = columns
        self.isOurs = isOurs
        self.isStrict = isStrict
        positions = Dictionary(
            columns.enumerated().map { (SQLiteName.folded($1.name.utf8), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Adds a column that the database has got.
    mutating func append(_ column: Column?) {
        guard let column else { return }
        positions[SQLiteName.folded(column.name.utf8)] = columns.count
        columns.append(column)
    }

    /// The column that a field of this name goes to.
    func position(of name: some Sequence<UInt8>) -> Int? { positions[SQLiteName.folded(name)] }

    /// Checks that every column of the key, and that of `newer_by`, is there, and that those of the key are unique
    /// together, as an upsert needs it.
    ///
    /// SQLite itself is asked, by a statement that it prepares only then.
    /// - Throws: `SinkError.unavailable`.
    func checkKey(_ plan: SQLitePlan, _ database: Database) throws {
        guard !plan.key.isEmpty else { return }
        if let column = plan.newerBy, position(of: column.utf8) == nil {
            throw SinkError.unavailable(
                reason: "table '\(name)' of '\(plan.path)' has no column '\(column)', which `newer_by` names",
                type: "key")
        }
        for column in plan.key where position(of: column.utf8) == nil {
            throw SinkError.unavailable(
                reason: "table '\(name)' of '\(plan.path)' has no column '\(column)', which `key` names", type: "key")
        }
        let key = SQLiteName.quoted(plan.key)
        let values = plan.key.map { _ in "?" }.joined(separator: ", ")
        let target = "main.\(SQLiteName.quoted(name))"
        do {
            _ = try database.makeStatement(
                sql: "INSERT INTO \(target)(\(key)) VALUES (\(values)) ON CONFLICT(\(key)) DO NOTHING")
        } catch {
            throw SinkError.unavailable(
                reason: "the key (\(plan.key.joined(separator: ", "))) is not unique in table '\(name)' of "
                    + "'\(plan.path)'; make it so: CREATE UNIQUE INDEX … ON \(SQLiteName.quoted(name))(\(key))",
                type: "key")
        }
    }
}
