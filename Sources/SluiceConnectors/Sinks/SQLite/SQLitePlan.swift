import Logging
import Sluice

/// What a delivery asks of its table, checked and in SQLite's own terms.
struct SQLitePlan: Sendable {
    /// Of the database file, absolute.
    let path: String
    let table: String
    /// The columns that identify a row; `meta.id` is `metaColumn` here.
    let key: [String]
    let mode: Deliver.Mode
    /// The column that tells which of two records is the newer.
    let newerBy: String?
    let create: Bool
    /// Declared columns, in the order written.
    let columns: [SQLiteDeclaration]
    /// `nil` = add where Sluice made the table, else reject.
    let unknown: Deliver.UnknownField?
    /// Whose identities these are, in a database that others may write to as well.
    let folder: String
    let pipeline: String
    let delivery: String
    let log: Logger

    /// Where a record's name stands when `key` has `meta.id`.
    static let metaColumn = "meta_id"

    /// `key` has `meta.id`: every row has the record's name in `metaColumn`.
    let usesMetaID: Bool

    /// An upsert repeats itself without harm; everything else must know what it has written.
    var remembersIdentities: Bool { mode != .upsert }

    init(
        _ deliver: Deliver, path: String, folder: String, pipeline: String, logger: Logger
    ) throws(SinkCatalogue.Mistake) {
        self.path = path
        self.folder = folder
        self.pipeline = pipeline
        delivery = deliver.effectiveName
        let named = deliver.table ?? ""
        table = named.hasPrefix("main.") ? String(named.dropFirst(5)) : named
        usesMetaID = deliver.key.contains("meta.id")
        key = deliver.key.map { $0 == "meta.id" ? Self.metaColumn : $0 }
        mode = deliver.effectiveMode
        newerBy = deliver.newerBy
        create = deliver.effectiveCreate
        unknown = deliver.unknown
        columns = try deliver.columns.map { (column) throws(SinkCatalogue.Mistake) in
            try Self.check(column.name, key: "deliver.columns")
            return try SQLiteDeclaration(column)
        }
        log = logger
        try Self.check(table, key: "deliver.table")
        for column in key { try Self.check(column, key: "deliver.key") }
        if let newerBy { try Self.check(newerBy, key: "deliver.newer_by") }
        try checkMeaning()
    }

    private func checkMeaning() throws(SinkCatalogue.Mistake) {
        if mode == .upsert, key.isEmpty {
            throw .init(key: "deliver.mode", message: "upsert needs `key: [column]`: by what would it find a row?")
        }
        let name = table.lowercased()
        if name.hasPrefix("sqlite_") || name.hasPrefix("_sluice_") {
            throw .init(key: "deliver.table", message: "'\(table)' is a reserved name; choose another")
        }
        for (names, place) in [(key, "deliver.key"), (columns.map(\.name), "deliver.columns")] {
            var known: Set<[UInt8]> = []
            for name in names where !known.insert(SQLiteName.folded(name.utf8)).inserted {
                throw .init(key: place, message: "'\(name)' is there twice; SQLite does not tell A from a in names")
            }
        }
    }

    private static func check(_ name: String, key: String) throws(SinkCatalogue.Mistake) {
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw .init(key: key, message: "a name must not be empty and not contain a NUL character")
        }
    }
}
