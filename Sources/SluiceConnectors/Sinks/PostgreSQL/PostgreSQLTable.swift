/// A table as the server describes it.
struct PostgreSQLTable: Hashable, Sendable {
    struct Column: Hashable, Sendable {
        let name: String
        /// As SQL writes it: `numeric(12,2)`.
        let type: String
        /// The table computes it: nobody may write it.
        let isGenerated: Bool
    }

    let columns: [Column]
    /// Whether a unique index has exactly the columns of the key, so that `ON CONFLICT` finds it.
    let keyIsUnique: Bool
    let mayInsert: Bool
    let mayUpdate: Bool

    /// - Parameter name: `[schema.]name`, unquoted.
    /// - Returns: `nil` = there is no such table.
    static func load(
        _ name: String, key: [String], _ connection: PostgreSQLConnection
    ) async throws(PostgreSQLFault) -> Self? {
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let quoted = parts.map { PostgreSQLName.quoted(String($0)) }.joined(separator: ".")
        let found = try await connection.execute(
            about, [quoted, PostgreSQLArray.literal(key.map { $0 })])
        guard let row = found.first, row.count == 4 else { return nil }
        let columns = try await connection.execute(columnsOf, [row[0]])
        return Self(
            columns: columns.map { Column(name: $0[0] ?? "", type: $0[1] ?? "", isGenerated: $0[2] == "t") },
            keyIsUnique: row[1] == "t", mayInsert: row[2] == "t", mayUpdate: row[3] == "t")
    }

    // A partial index, one over expressions and one that is checked at the end are nothing for ON CONFLICT.
    private static let about = """
        SELECT c.oid, EXISTS (
          SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
            AND i.indpred IS NULL AND i.indexprs IS NULL
            AND (SELECT array_agg(a.attname::text COLLATE "C" ORDER BY a.attname::text COLLATE "C")
                 FROM unnest(i.indkey) WITH ORDINALITY k(number, place)
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number WHERE k.place <= i.indnkeyatts)
              = (SELECT array_agg(v COLLATE "C" ORDER BY v COLLATE "C") FROM unnest($2::text[]) v)),
          has_any_column_privilege(c.oid, 'INSERT'), has_any_column_privilege(c.oid, 'UPDATE')
        FROM pg_class c WHERE c.oid = to_regclass($1::text) AND c.relkind IN ('r', 'p', 'v', 'f')
        """

    private static let columnsOf = """
        SELECT attname, format_type(atttypid, atttypmod), attgenerated <> '' FROM pg_attribute
        WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum
        """
}
