import Sluice

/// The statements that write rows: one for rows of the same columns, with a parameter for each column.
struct PostgreSQLStatements {
    let plan: PostgreSQLPlan
    let table: PostgreSQLTable

    /// Writes rows of the columns; parameters are arrays of texts, one for each column.
    /// - Returns: a statement whose result has the numbers, from 1, of the rows that were written; `nil` = it has none,
    ///   for each was.
    func write(_ columns: [Int]) -> (sql: String, tellsWritten: Bool) {
        let names = columns.map { PostgreSQLName.quoted(table.columns[$0].name) }
        let list = names.joined(separator: ", ")
        let arrays = columns.indices.map { "$\($0 + 1)::text[]" }.joined(separator: ", ")
        let values = zip(columns, names).map { "\($1)::\(Self.plain(table.columns[$0].type)) AS \($1)" }
        let input =
            "SELECT _n, \(values.joined(separator: ", ")) FROM unnest(\(arrays)) WITH ORDINALITY AS u(\(list), _n)"
        let insert = "INSERT INTO \(plan.quotedTable) AS _row (\(list)) SELECT \(list) FROM _input ORDER BY _n"
        let tells = plan.mode == .ignore || plan.newerBy != nil
        guard tells else {
            return ("WITH _input AS (\(input)) \(insert)\(conflict(names))", false)
        }
        let key = plan.key.map(PostgreSQLName.quoted).joined(separator: ", ")
        return (
            """
            WITH _input AS (\(input)), _written AS (\(insert)\(conflict(names)) RETURNING \(key))
            SELECT _input._n FROM _input JOIN _written USING (\(key))
            """, true
        )
    }

    private func conflict(_ names: [String]) -> String {
        let key = plan.key.map(PostgreSQLName.quoted)
        switch plan.mode {
        case .insert: return ""
        case .ignore: return " ON CONFLICT (\(key.joined(separator: ", "))) DO NOTHING"
        case .upsert:
            let others = names.filter { !key.contains($0) }
            // A row that is its key alone has nothing to update, and is there all the same.
            let set = (others.isEmpty ? [key[0]] : others).map { "\($0) = EXCLUDED.\($0)" }.joined(separator: ", ")
            let newer = plan.newerBy.map { column in
                let name = PostgreSQLName.quoted(column)
                return " WHERE _row.\(name) IS NULL OR _row.\(name) <= EXCLUDED.\(name)"
            }
            return " ON CONFLICT (\(key.joined(separator: ", "))) DO UPDATE SET \(set)\(newer ?? "")"
        }
    }

    /// A type without its length: the cast would cut what the column refuses.
    static func plain(_ type: String) -> String {
        var plain = ""
        var depth = 0
        for character in type {
            if character == "(" {
                depth += 1
            } else if character == ")" {
                depth -= 1
            } else if depth == 0 {
                plain.append(character)
            }
        }
        switch plain {
        case "character": return "bpchar"
        case "character[]": return "bpchar[]"
        case "bit": return "varbit"
        default: return plain
        }
    }

    // MARK: Identities

    var makeDelivered: String {
        """
        CREATE TABLE IF NOT EXISTS \(plan.deliveredTable) (
          folder text NOT NULL, pipeline text NOT NULL, delivery text NOT NULL, identity text NOT NULL,
          PRIMARY KEY (folder, pipeline, delivery, identity))
        """
    }

    /// Records identities; the result has the numbers, from 1, of those that were not recorded before.
    var record: String {
        """
        WITH _input AS (SELECT * FROM unnest($4::text[]) WITH ORDINALITY AS u(identity, _n)), _new AS (
          INSERT INTO \(plan.deliveredTable) SELECT $1, $2, $3, identity FROM _input
          ON CONFLICT DO NOTHING RETURNING identity)
        SELECT _input._n FROM _input JOIN _new USING (identity)
        """
    }

    var forget: String {
        """
        DELETE FROM \(plan.deliveredTable)
        WHERE folder = $1 AND pipeline = $2 AND delivery = $3 AND identity = ANY ($4::text[])
        """
    }

    // MARK: The table

    /// Makes the table from the declared columns, and for what these do not name from the fields of the first batch.
    func create(_ fields: [(name: String, type: String)]) -> String {
        let columns = (plan.columns.map { ($0.name, $0.type) } + fields).map { name, type in
            "\(PostgreSQLName.quoted(name)) \(Self.declared(type))"
        }
        let key =
            plan.key.isEmpty
            ? [] : ["PRIMARY KEY (\(plan.key.map(PostgreSQLName.quoted).joined(separator: ", ")))"]
        return "CREATE TABLE \(plan.quotedTable) (\((columns + key).joined(separator: ", ")))"
    }

    func add(_ field: (name: String, type: String)) -> String {
        "ALTER TABLE \(plan.quotedTable) ADD COLUMN IF NOT EXISTS \(PostgreSQLName.quoted(field.name)) \(field.type)"
    }

    /// What marks a table as made here: its new fields become columns.
    static let mark = "made by sluice"
    var markTable: String { "COMMENT ON TABLE \(plan.quotedTable) IS '\(Self.mark)'" }

    /// Types that a definition may name and PostgreSQL has under another name.
    private static func declared(_ type: String) -> String {
        switch type.lowercased() {
        case "string": "text"
        case "int": "integer"
        case "double", "float": "double precision"
        case "datetime": "timestamp"
        case "blob": "bytea"
        case "any": "text"
        case let other where other.hasPrefix("money"): "numeric" + other.dropFirst(5)
        default: type
        }
    }

    /// The type of a column for a field that nobody has declared.
    static func type(for value: JSONValue) -> String {
        switch value.kind {
        case .number: "numeric"
        case .true, .false: "boolean"
        case .object, .array: "jsonb"
        case .string, .null: "text"
        }
    }
}
