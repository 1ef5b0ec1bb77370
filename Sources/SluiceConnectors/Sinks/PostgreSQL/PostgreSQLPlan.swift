import Logging
import Sluice

/// What a delivery asks of its table, checked and in PostgreSQL's own terms.
struct PostgreSQLPlan: Sendable {
    let url: String
    /// `[schema.]name`, as it is written.
    let table: String
    /// The columns that identify a row; `meta.id` is `metaColumn` here.
    let key: [String]
    let mode: Deliver.Mode
    let newerBy: String?
    let create: Bool
    let columns: [Deliver.Column]
    /// `nil` = add where Sluice made the table, else reject.
    let unknown: Deliver.UnknownField?
    let usesMetaID: Bool
    /// Whose identities these are, in a database that others may write to as well.
    let folder: String
    let pipeline: String
    let delivery: String
    let log: Logger

    /// Where a record's name stands when `key` has `meta.id`.
    static let metaColumn = "meta_id"

    /// An upsert repeats itself without harm; everything else must know what it has written.
    var remembersIdentities: Bool { mode != .upsert }

    init(
        _ deliver: Deliver, url: String, folder: String, pipeline: String, logger: Logger
    ) throws(SinkCatalogue.Mistake) {
        self.url = url
        self.folder = folder
        self.pipeline = pipeline
        delivery = deliver.effectiveName
        table = deliver.table ?? ""
        usesMetaID = deliver.key.contains("meta.id")
        key = deliver.key.map { $0 == "meta.id" ? Self.metaColumn : $0 }
        mode = deliver.effectiveMode
        newerBy = deliver.newerBy
        create = deliver.effectiveCreate
        columns = deliver.columns
        unknown = deliver.unknown
        log = logger
        if mode == .upsert || mode == .ignore, key.isEmpty {
            throw .init(
                key: "deliver.mode", message: "\(mode.rawValue) needs `key: [column]`: by what would it find a row?")
        }
        if table.split(separator: ".").last?.hasPrefix("_sluice_") == true {
            throw .init(key: "deliver.table", message: "'\(table)' is a reserved name; choose another")
        }
        for name in [table] + key + columns.map(\.name) where name.utf8.contains(0) || name.isEmpty {
            throw .init(key: "deliver", message: "a name must not be empty and not contain a NUL character")
        }
    }

    /// The table in SQL.
    var quotedTable: String { quotedSchema + PostgreSQLName.quoted(String(parts.name)) }
    /// Where identities are recorded: beside the table.
    var deliveredTable: String { quotedSchema + PostgreSQLName.quoted("_sluice_delivered") }

    private var parts: (schema: Substring?, name: Substring) {
        guard let point = table.firstIndex(of: ".") else { return (nil, table[...]) }
        return (table[..<point], table[table.index(after: point)...])
    }

    private var quotedSchema: String { parts.schema.map { PostgreSQLName.quoted(String($0)) + "." } ?? "" }
}
