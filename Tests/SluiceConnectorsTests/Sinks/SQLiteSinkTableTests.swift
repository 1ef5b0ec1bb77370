import Sluice
import Testing

@Suite("The SQLite sink: tables and records that do not fit")
struct SQLiteSinkTableTests {
    @Test("the table has the declared columns first, then the fields of the first batch; later fields are added")
    func shape() async throws {
        let place = try SinkFolder(key: ["id"], columns: [.init("b", "text")])
        let sink = try place.sink()
        try await sink.write(#"{"id":1,"a":1}"#, #"{"c":2,"id":2,"B":"x"}"#)
        try await sink.write(#"{"id":3,"d":{}}"#)
        #expect(
            try place.texts("SELECT name || ' ' || type || ' ' || pk FROM pragma_table_info('orders')")
                == ["b TEXT 0", "id  1", "a  0", "c  0", "d  0"])
        #expect(try place.rows("SELECT id, b, d FROM orders") == ["i:1 null null", "i:2 t:x null", "i:3 null t:{}"])
        await sink.close()
    }

    @Test("a table of somebody else gets no columns unless the definition says so")
    func foreign() async throws {
        let place = try SinkFolder()
        try place.execute("CREATE TABLE orders(n)")
        let sink = try place.sink()
        let refusal = await sink.refusal(of: #"{"n":1,"extra":2}"#)
        #expect(refusal?.type == "unknown-column")
        #expect(refusal?.reason.contains("'extra'") == true)
        await sink.close()

        let adding = try SinkFolder(unknown: .add)
        try adding.execute("CREATE TABLE orders(n)")
        let addingSink = try adding.sink()
        try await addingSink.write(#"{"n":1,"extra":2}"#)
        #expect(try adding.rows() == ["i:1 i:2"])
        await addingSink.close()
    }

    @Test("a column that is added to a strict table takes any value, unless the definition declares it")
    func strictAdds() async throws {
        let place = try SinkFolder(columns: [.init("day", "date")], unknown: .add)
        try place.execute("CREATE TABLE orders(n INTEGER) STRICT")
        let sink = try place.sink()
        try await sink.write(#"{"n":1,"extra":"007","day":"2026-11-24"}"#, #"{"n":2,"extra":7}"#)
        #expect(try place.rows() == ["i:1 t:007 t:2026-11-24", "i:2 i:7 null"])
        #expect(try place.texts("SELECT type FROM pragma_table_info('orders')") == ["INTEGER", "ANY", "TEXT"])
        #expect(await sink.refusal(of: #"{"n":3,"day":"tomorrow"}"#)?.type == "does-not-fit")
        await sink.close()
    }

    @Test("Sluice knows its own table again, and what the definition says about new fields goes first")
    func own() async throws {
        for (unknown, expected) in [(nil, nil), (.reject, "unknown-column"), (.ignore, nil)]
            as [(Deliver.UnknownField?, String?)]
        {
            let place = try SinkFolder(unknown: unknown)
            let first = try place.sink()
            try await first.write(#"{"n":1}"#)
            await first.close()
            let second = try place.sink()
            #expect(await second.refusal(of: #"{"m":5,"n":2}"#)?.type == expected)
            await second.close()
            #expect(
                try place.texts("SELECT name FROM pragma_table_info('orders')")
                    == (unknown == nil ? ["n", "m"] : ["n"]))
        }
    }

    @Test("a batch that is refused leaves no table and no columns behind")
    func rollback() async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        await #expect(throws: SinkError.self) { try await sink.write(#"{"n":1}"#, "{") }
        #expect(try place.texts("SELECT name FROM sqlite_schema") == [])
        try await sink.write(#"{"n":1}"#)
        await #expect(throws: SinkError.self) { try await sink.write(#"{"n":2,"m":1}"#, "{") }
        try await sink.write(#"{"n":2,"m":7}"#)
        #expect(try place.rows() == ["i:1 null", "i:2 i:7"])
        await sink.close()
    }

    @Test(
        "names may be anything at all",
        arguments: [
            "or'der", "a \"b\" c", "sélect", "select", "x; DROP TABLE orders", "日本", "😀", "", "rowid", "a.b", "--",
            "[x]",
        ])
    func names(_ name: String) async throws {
        let quoted = name.replacing("\"", with: "\\\"")
        let place = try SinkFolder(table: name.isEmpty ? "t" : name)
        let sink = try place.sink()
        try await sink.write(#"{"\#(quoted)":1,"other":2}"#)
        try await sink.write(#"{"other":3,"\#(quoted)":4}"#)
        let table = "\"" + (name.isEmpty ? "t" : name).replacing("\"", with: "\"\"") + "\""
        #expect(try place.rows("SELECT * FROM \(table)") == ["i:1 i:2", "i:4 i:3"])
        await sink.close()
    }

    @Test("upserts work with hostile names too")
    func hostileKey() async throws {
        let place = try SinkFolder(table: "select \"x\"", key: ["a\"b", "group"])
        let sink = try place.sink()
        try await sink.write(#"{"a\"b":1,"group":2,"order":3}"#, #"{"a\"b":1,"group":2,"order":4}"#)
        #expect(try place.rows(#"SELECT * FROM "select ""x""""#) == ["i:1 i:2 i:4"])
        await sink.close()
    }

    @Test(
        "a record that is no row is rejected alone, with the reason",
        arguments: [
            ("", "not-json", "unexpected end at byte 0"), (#"{"n":1"#, "not-json", "unexpected end at byte 6"),
            (#"{"n":1} x"#, "not-json", "more text"), ("[1]", "not-an-object", "array"),
            ("7", "not-an-object", "number"),
            ("null", "not-an-object", "null"), ("hello", "not-json", "'h' at byte 0"), ("[1", "not-json", "byte 2"),
            (#"{"id":1,"ID":2}"#, "duplicate-column", "'id' and 'ID'"), (#"{"a\u0000b":1}"#, "column-name", "NUL"),
            ("{\"n\":\"\u{0}\"}", "not-json", "byte 6"),
        ])
    func broken(_ body: String, _ type: String, _ reason: String) async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        try await sink.write(#"{"n":1}"#)
        let refusal = await sink.refusal(of: body)
        #expect(refusal?.type == type)
        #expect(refusal?.reason.contains(reason) == true, "\(refusal?.reason ?? "")")
        #expect(try place.rows() == ["i:1"])
        await sink.close()
    }

    @Test("of fields with one name the last counts")
    func repeatedNames() async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        try await sink.write(
            #"{"n":1,"n":2,"m":3}"#, #"{"n":4,"n":5,"m":6}"#, #"{"n":1,"m":2}"#, #"{"n":5,"\u006e":6,"m":7}"#)
        #expect(try place.rows() == ["i:2 i:3", "i:5 i:6", "i:1 i:2", "i:6 i:7"])
        await sink.close()
    }

    @Test("records of many shapes are written side by side")
    func shapes() async throws {
        let place = try SinkFolder(unknown: .ignore)
        try place.execute("CREATE TABLE orders(a DEFAULT 'd', b, c)")
        let sink = try place.sink()
        try await sink.write(
            #"{"a":1,"b":2}"#, #"{"b":3,"x":0}"#, "{}", #"{"c":4,"a":5}"#, #"{"a":6,"b":7}"#, #"{"b":8,"x":9}"#)
        #expect(
            try place.rows() == [
                "i:1 i:2 null", "t:d i:3 null", "t:d null null", "i:5 null i:4", "i:6 i:7 null", "t:d i:8 null",
            ])
        await sink.close()
    }

    @Test("what a table's own rules refuse is rejected alone, with their words")
    func constraints() async throws {
        let place = try SinkFolder(unknown: .reject)
        try place.execute(
            """
            CREATE TABLE people(id INTEGER PRIMARY KEY);
            CREATE TABLE orders(n INTEGER PRIMARY KEY, must TEXT NOT NULL, plus CHECK (plus > 0), who REFERENCES people(id),
              twice GENERATED ALWAYS AS (n * 2), CHECK (json_extract(must, '$.a') IS NULL));
            """)
        let sink = try place.sink()
        let expected = [
            (#"{"n":1}"#, "sql:1299", "NOT NULL constraint failed: orders.must"),
            (#"{"n":1,"must":"{}","plus":-1}"#, "sql:275", "CHECK"),
            (#"{"n":1,"must":"{}","who":9}"#, "sql:787", "FOREIGN KEY"),
            (#"{"n":"x","must":"{}"}"#, "sql:20", "mismatch"),
            (#"{"n":1,"must":"{}","twice":2}"#, "generated-column", "'twice'"),
            (#"{"n":1,"must":"no json"}"#, "sql:1", "malformed JSON"),
        ]
        for (body, type, reason) in expected {
            let refusal = await sink.refusal(of: body)
            #expect(refusal?.type == type, "\(body)")
            #expect(refusal?.reason.contains(reason) == true, "\(refusal?.reason ?? "")")
        }
        try await sink.write(#"{"n":1,"must":"{}","plus":1}"#)
        #expect(try place.rows("SELECT n, must, plus, who, twice FROM orders") == ["i:1 t:{} i:1 null i:2"])
        await sink.close()
    }

    @Test("a batch with many bad records names them all at once, whatever is wrong with each")
    func manyBad() async throws {
        let place = try SinkFolder(key: ["n"], mode: .insert, unknown: .reject)
        try place.execute(
            "CREATE TABLE orders(n INTEGER PRIMARY KEY, m CHECK (m > 0)); INSERT INTO orders VALUES (1, 1)")
        let sink = try place.sink()
        let refusals = try await sink.refusals(
            of: #"{"n":2}"#, "nope", #"{"m":1}"#, #"{"n":1,"m":1}"#, #"{"n":3,"m":5}"#, #"{"n":3,"m":6}"#,
            #"{"n":4,"x":1}"#, #"{"n":5,"m":-1}"#, #"{"n":5,"m":7}"#, #"{"n":6,"N":7}"#,
            #"{"n":123456789012345678901}"#)
        #expect(
            refusals == [
                "1 not-json", "2 missing-key", "3 sql:1555", "5 sql:1555", "6 unknown-column", "7 sql:275",
                "9 duplicate-column", "10 does-not-fit",
            ])
        #expect(try place.storedNumbers() == [1])
        try await sink.write(#"{"n":2}"#, #"{"n":3,"m":5}"#, #"{"n":5,"m":7}"#)
        #expect(try place.rows() == ["i:1 i:1", "i:2 null", "i:3 i:5", "i:5 i:7"])
        await sink.close()
    }

    @Test("records of which no table can be made are refused, each with its own reason")
    func noTable() async throws {
        let sink = try SinkFolder().sink()
        #expect(
            try await sink.refusals(of: "nope", "{}", "[]", "{") == [
                "0 not-json", "1 no-columns", "2 not-an-object", "3 not-json",
            ])
        try await sink.write(#"{"n":1}"#)
        await sink.close()
    }

    @Test("a table whose rule ends the transaction gets no row of a batch that is refused", arguments: [true, false])
    func endsTransaction(_ byTrigger: Bool) async throws {
        let place = try SinkFolder(mode: .insert)
        try place.execute(
            byTrigger
                ? """
                CREATE TABLE orders(n);
                CREATE TRIGGER once BEFORE INSERT ON orders WHEN EXISTS (SELECT 1 FROM orders WHERE n = new.n)
                  BEGIN SELECT RAISE(ROLLBACK, 'twice'); END
                """ : "CREATE TABLE orders(n UNIQUE ON CONFLICT ROLLBACK)")
        let sink = try place.sink()
        let refusals = try await sink.refusals(of: #"{"n":1}"#, #"{"n":1}"#, #"{"n":2}"#, "nope")
        #expect(refusals.map { $0.prefix(1) } == ["1"], "\(refusals)")
        #expect(try place.storedNumbers() == [])
        #expect(try await sink.write([record(#"{"n":1}"#), record(#"{"n":2}"#)]) == [.written, .written])
        #expect(try place.storedNumbers() == [1, 2])
        await sink.close()
    }

    @Test("a STRICT table is obeyed")
    func strict() async throws {
        let place = try SinkFolder()
        try place.execute("CREATE TABLE orders(n INTEGER, a ANY) STRICT")
        let sink = try place.sink()
        #expect(await sink.refusal(of: #"{"n":"x"}"#)?.type == "sql:3091")
        try await sink.write(#"{"n":1,"a":"123456789012345678901"}"#, #"{"n":2,"a":123456789012345678901}"#)
        #expect(try place.rows() == ["i:1 t:123456789012345678901", "i:2 t:123456789012345678901"])
        await sink.close()
    }

    @Test("a constraint that only the commit checks rejects the batch, to be halved")
    func deferred() async throws {
        let place = try SinkFolder()
        try place.execute(
            """
            CREATE TABLE people(id INTEGER PRIMARY KEY);
            CREATE TABLE orders(n, who REFERENCES people(id) DEFERRABLE INITIALLY DEFERRED);
            """)
        let sink = try place.sink()
        let error = await #expect(throws: SinkError.self) { try await sink.write(#"{"n":1}"#, #"{"n":2,"who":9}"#) }
        guard case .batchRejected = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try place.storedNumbers() == [])
        try await sink.write(#"{"n":1}"#)
        await sink.close()
    }

    @Test("columns that others add and tables that they drop are seen at the next batch")
    func changes() async throws {
        let place = try SinkFolder(unknown: .ignore)
        try place.execute("CREATE TABLE orders(n)")
        let sink = try place.sink()
        try await sink.write(#"{"n":1,"m":1}"#)
        try place.execute("ALTER TABLE orders ADD COLUMN m")
        try await sink.write(#"{"n":2,"m":2}"#)
        #expect(try place.rows() == ["i:1 null", "i:2 i:2"])
        try place.execute("DROP TABLE orders")
        try await sink.write(#"{"n":3}"#)
        #expect(try place.rows() == ["i:3"])
        await sink.close()
    }

    @Test("there is room for two thousand columns, and a record that wants more is rejected")
    func tooManyColumns() async throws {
        let sink = try SinkFolder().sink()
        try await sink.write("{" + (0..<2_000).map { "\"c\($0)\":\($0)" }.joined(separator: ",") + "}")
        #expect(await sink.refusal(of: #"{"c0":1,"one":1}"#)?.type == "too-many-columns")
        await sink.close()
        let wide = try SinkFolder().sink()
        let body = "{" + (0..<2_001).map { "\"c\($0)\":\($0)" }.joined(separator: ",") + "}"
        #expect(await wide.refusal(of: body)?.type == "too-many-columns")
        await wide.close()
    }

    private func wide(_ fields: Int, _ start: String = "") -> String {
        "{\(start)" + (0..<fields).map { "\"w\($0)\":1" }.joined(separator: ",") + "}"
    }

    @Test("a record with too many fields takes no column from its neighbours, in a new table and in one that is there")
    func wideNeighbour() async throws {
        for first in [[#"{"id":0}"#], []] {
            let place = try SinkFolder(key: ["id"])
            let sink = try place.sink()
            if !first.isEmpty { _ = try await sink.write(first.map { record($0) }) }
            let refused = try await sink.refusals(
                of: #"{"id":1}"#, wide(3_000, #""id":2,"#), #"{"id":3,"note":"innocent"}"#, #"{"id":4,"b":2}"#)
            #expect(refused == ["1 too-many-columns"])
            try await sink.write(#"{"id":1}"#, #"{"id":3,"note":"innocent"}"#, #"{"id":4,"b":2}"#)
            #expect(try place.texts("SELECT name FROM pragma_table_info('orders')") == ["id", "note", "b"])
            await sink.close()
        }
    }

    @Test("the columns that a refused record asks for are not counted against the records behind it")
    func refusedColumns() async throws {
        for first in [[#"{"id":0}"#], []] {
            let place = try SinkFolder(key: ["id"])
            let sink = try place.sink()
            if !first.isEmpty { _ = try await sink.write(first.map { record($0) }) }
            // Refused for its key. Its columns and those of the next one together are too many.
            let refused = try await sink.refusals(
                of: wide(1_200),
                #"{"id":1,"#
                    + (0..<1_200).map { "\"v\($0)\":1" }.joined(separator: ",") + "}")
            #expect(refused == ["0 missing-key"])
            await sink.close()
        }
    }

    @Test("a first batch of nothing but a record with too many fields makes no table, and says why")
    func wideAlone() async throws {
        let sink = try SinkFolder().sink()
        #expect(try await sink.refusals(of: wide(3_000), "{}") == ["0 too-many-columns", "1 no-columns"])
        await sink.close()
    }
}
