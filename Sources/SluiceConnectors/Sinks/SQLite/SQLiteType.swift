import Sluice

/// Types of columns: those a definition declares, and what an existing column does to a value.
enum SQLiteType {
    /// What SQLite makes of a value in a column with such a type (its rules, datatype3.html 3.1).
    enum Affinity: Sendable {
        case none, text, integer, real, numeric

        init(declared type: String, isStrict: Bool) {
            let type = type.uppercased()
            if isStrict, type == "ANY" {
                self = .none
            } else if type.contains("INT") {
                self = .integer
            } else if type.contains("CHAR") || type.contains("CLOB") || type.contains("TEXT") {
                self = .text
            } else if type.isEmpty || type.contains("BLOB") {
                self = .none
            } else if type.contains("REAL") || type.contains("FLOA") || type.contains("DOUB") {
                self = .real
            } else {
                self = .numeric
            }
        }
    }

    /// The type that a column of ours is declared with. Exact decimals, times and the like are TEXT, because as
    /// NUMERIC they would be turned into floating point, or into integers.
    static func declaration(of type: String, column: String) throws(SinkCatalogue.Mistake) -> String {
        let words = type.lowercased().prefix { $0 != "(" }.split(separator: " ")
        guard let first = words.first, isPlain(type) else {
            throw .init(
                key: "deliver.columns.\(column)",
                message: "'\(type)' is not a type; expected one such as text, integer, real, numeric(12,2), timestamptz"
            )
        }
        if let mistake = ColumnType.mistake(in: type) {
            throw .init(key: "deliver.columns.\(column)", message: "'\(type)' \(mistake.problem); \(mistake.expected)")
        }
        switch first {
        case "numeric", "decimal", "dec", "money": return "TEXT"
        case "timestamp", "timestamptz", "date", "time", "timetz", "datetime", "interval": return "TEXT"
        case "text", "string", "varchar", "char", "character", "uuid", "json", "jsonb": return "TEXT"
        case "int", "integer", "bigint", "smallint", "int2", "int4", "int8": return "INTEGER"
        case "bool", "boolean": return "INTEGER"
        case "real", "double", "float", "float4", "float8": return "REAL"
        case "blob", "bytea": return "BLOB"
        case "any": return ""
        default:
            throw .init(
                key: "deliver.columns.\(column)",
                message: "'\(type)' is not a type that is known here; expected one such as text, integer, real, "
                    + "numeric(12,2), timestamptz, boolean, blob")
        }
    }

    /// Words, and perhaps a precision and a scale in brackets: nothing that could go on as SQL.
    private static func isPlain(_ type: String) -> Bool {
        type.wholeMatch(of: /[A-Za-z][A-Za-z0-9 ]*(\( *[0-9]+ *(, *[0-9]+ *)?\))?[A-Za-z ]*/) != nil
    }
}
