import Sluice
import Testing

@testable import SluiceConnectors

@Suite struct PostgreSQLTableTests {
    @Test(.enabled(if: PostgreSQLServer.programs != nil, "scripts/setup installs a server"))
    func `what the server says of a table`() async throws {
        try await PostgreSQLServer.with { server in
            let owner = PostgreSQLConnection(url: server.url)
            for sql in [
                "CREATE SCHEMA \"Or\"\"d\"",
                "CREATE TABLE \"Or\"\"d\".\"Select\" (b numeric(12,2), \"A\" uuid, c int[], UNIQUE (b, \"A\") INCLUDE (c), "
                    + "d int GENERATED ALWAYS AS (1 + 1) STORED)",
                "CREATE UNIQUE INDEX ON \"Or\"\"d\".\"Select\" (c) WHERE b > 0",
                "CREATE ROLE reader LOGIN", "GRANT USAGE ON SCHEMA \"Or\"\"d\" TO reader",
                "GRANT SELECT, INSERT ON \"Or\"\"d\".\"Select\" TO reader",
            ] { _ = try await owner.execute(sql) }

            let table = try await PostgreSQLTable.load("Or\"d.Select", key: ["A", "b"], owner)
            let columns = [("b", "numeric(12,2)", false), ("A", "uuid", false), ("c", "integer[]", false)]
            let expected = columns + [("d", "integer", true)]
            #expect(table?.columns == expected.map { .init(name: $0.0, type: $0.1, isGenerated: $0.2) })
            #expect(table?.keyIsUnique == true)
            #expect(table?.mayUpdate == true)
            for key in [["b"], ["c"], ["a", "b"], []] {
                let other = try await PostgreSQLTable.load("Or\"d.Select", key: key, owner)
                #expect(other?.keyIsUnique == false, "\(key)")
            }
            let reader = PostgreSQLConnection(url: "postgres://reader@/postgres?host=\(server.folder)")
            let seen = try await PostgreSQLTable.load("Or\"d.Select", key: ["b"], reader)
            #expect(seen?.mayInsert == true)
            #expect(seen?.mayUpdate == false)
            #expect(try await PostgreSQLTable.load("or\"d.select", key: [], owner) == nil)

            let texts: [String?] = ["a\"b\\", nil, "NULL", "", "{,}", "🎈"]
            let rows = try await owner.execute("SELECT unnest($1::text[])", [PostgreSQLArray.literal(texts)])
            #expect(rows.map { $0[0] } == texts)
        }
    }
}
