import Sluice
import Testing

@Suite("The SQLite sink: modes and identities")
struct SQLiteSinkModeTests {
    @Test("an upsert replaces what the record names and leaves the rest of the row alone")
    func upsert() async throws {
        let place = try SinkFolder(key: ["id"])
        let sink = try place.sink()
        try await sink.write(#"{"id":1,"a":"x","b":"y"}"#, #"{"id":2,"a":"x","b":"y"}"#)
        #expect(try await sink.write(#"{"id":1,"a":"z"}"#, #"{"b":null,"id":2}"#) == [.written, .written])
        #expect(try place.rows() == ["i:1 t:z t:y", "i:2 t:x null"])
        await sink.close()
    }

    @Test("of two records of a batch with one key the later one stays")
    func upsertInOneBatch() async throws {
        let place = try SinkFolder(key: ["id"])
        let sink = try place.sink()
        #expect(try await sink.write(#"{"id":1,"a":1}"#, #"{"id":1,"a":2}"#) == [.written, .written])
        #expect(try place.rows() == ["i:1 i:2"])
        #expect(try place.texts("SELECT name FROM sqlite_schema WHERE name LIKE '\\_sluice%' ESCAPE '\\'") == [])
        await sink.close()
    }

    @Test("a record that is nothing but its key is upserted too")
    func keyOnly() async throws {
        let place = try SinkFolder(key: ["a", "b"])
        let sink = try place.sink()
        #expect(try await sink.write(#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#) == [.written, .written])
        #expect(try place.rows() == ["i:1 i:2"])
        await sink.close()
    }

    @Test("a record without its key is rejected, in every mode", arguments: Deliver.Mode.allCases)
    func missingKey(_ mode: Deliver.Mode) async throws {
        let sink = try SinkFolder(key: ["id"], mode: mode).sink()
        try await sink.write(#"{"id":1,"a":1}"#)
        #expect(await sink.refusal(of: #"{"a":1}"#)?.type == "missing-key")
        #expect(await sink.refusal(of: #"{"id":null,"a":1}"#)?.type == "missing-key")
        #expect(await sink.refusal(of: "{}")?.type == "missing-key")
        await sink.close()
    }

    @Test("an insert whose key is taken is rejected with SQLite's code")
    func insertConflict() async throws {
        let sink = try SinkFolder(key: ["id"], mode: .insert).sink()
        try await sink.write(#"{"id":1}"#)
        let refusal = await sink.refusal(of: #"{"id":1}"#)
        #expect(refusal?.type == "sql:1555")
        #expect(refusal?.reason == "table 'orders' refuses the row: UNIQUE constraint failed: orders.id")
        await sink.close()
    }

    @Test("with mode ignore a row that is there stays as it is")
    func ignore() async throws {
        let place = try SinkFolder(key: ["id"], mode: .ignore)
        let sink = try place.sink()
        #expect(
            try await sink.write(#"{"id":1,"a":1}"#, #"{"id":1,"a":2}"#, #"{"id":2,"a":3}"#) == [
                .written, .ignored, .written,
            ])
        #expect(try place.rows() == ["i:1 i:1", "i:2 i:3"])
        await sink.close()
    }

    @Test("a replay is a new identity: its rows are written again")
    func replay() async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        try await sink.write(record(#"{"n":1}"#, identity: "a"))
        #expect(try await sink.write([record(#"{"n":1}"#, identity: "a@replay-1")]) == [.written])
        #expect(try place.storedNumbers() == [1, 1])
        await sink.close()
    }

    @Test("a record's own name can be the key")
    func metaID() async throws {
        let place = try SinkFolder(key: ["meta.id"])
        let sink = try place.sink()
        try await sink.write(record(#"{"a":1}"#, name: "n1"), record(#"{"a":2}"#, identity: "i2"))
        #expect(try await sink.write([record(#"{"a":3}"#, name: "n1")]) == [.written])
        #expect(try place.rows("SELECT meta_id, a FROM orders") == ["t:n1 i:3", "t:i2 i:2"])
        #expect(await sink.refusal(of: #"{"meta_id":1}"#)?.type == "duplicate-column")
        try await sink.write(record("{}", name: "n1"))
        await sink.close()
    }

    @Test("an older record never overwrites a newer row, whether it comes in the same batch or later")
    func newerBy() async throws {
        let place = try SinkFolder(key: ["id"], newerBy: "at")
        let sink = try place.sink()
        #expect(
            try await sink.write(#"{"id":1,"at":5,"a":"x"}"#, #"{"id":1,"at":4,"a":"y"}"#, #"{"id":2,"at":1,"a":"z"}"#)
                == [.written, .stale, .written])
        #expect(
            try await sink.write(#"{"id":1,"at":5,"a":"same"}"#, #"{"id":2,"at":0.5,"a":"old"}"#, #"{"id":2,"at":10}"#)
                == [.written, .stale, .written])
        #expect(try place.rows() == ["i:1 i:5 t:same", "i:2 i:10 t:z"])
        try place.execute("UPDATE orders SET at = NULL")
        #expect(try await sink.write(#"{"id":1,"at":-1,"a":"b"}"#) == [.written])
        await sink.close()
    }

    @Test("times of different offsets are compared as times where the column is declared so")
    func newerByTime() async throws {
        let place = try SinkFolder(key: ["id"], newerBy: "at", columns: [Deliver.Column("at", "timestamptz")])
        let sink = try place.sink()
        let effects = try await sink.write(
            #"{"id":1,"at":"2026-11-24T18:05:00+01:00"}"#, #"{"id":1,"at":"2026-11-24T17:30:00.000001Z"}"#,
            #"{"id":1,"at":"2026-11-24T19:00:00+02:00"}"#, #"{"id":1,"at":"2026-11-24T17:30:00.000002Z"}"#,
            #"{"id":1,"at":"2026-11-24T17:30:00.000001Z"}"#)
        #expect(effects == [.written, .written, .stale, .written, .stale])
        await sink.close()
    }

    @Test("a record that cannot be put in order is rejected alone", arguments: ["", "TEXT"])
    func withoutOrder(_ type: String) async throws {
        let columns = type.isEmpty ? [] : [Deliver.Column("at", type)]
        let sink = try SinkFolder(key: ["id"], newerBy: "at", columns: columns).sink()
        try await sink.write(#"{"id":1,"at":"2026"}"#)
        #expect(await sink.refusal(of: #"{"id":1}"#)?.type == "missing-newer-by")
        #expect(await sink.refusal(of: #"{"id":1,"at":null}"#)?.type == "missing-newer-by")
        #expect(await sink.refusal(of: #"{"id":1,"at":{}}"#)?.type == "does-not-fit")
        #expect(await sink.refusal(of: #"{"id":1,"at":12345678901234567890123}"#)?.type == "does-not-fit")
        #expect(await sink.refusal(of: #"{"id":2,"at":17}"#)?.type == (type.isEmpty ? nil : "does-not-fit"))
        await sink.close()
    }

    @Test("a table without the column of newer_by is the table's fault, not the record's")
    func newerByWithoutColumn() async throws {
        let place = try SinkFolder(key: ["id"], newerBy: "at")
        try place.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        let sink = try place.sink()
        #expect(await sink.unavailability(writing: #"{"id":1,"at":1}"#)?.type == "key")
        await sink.close()
    }
}
