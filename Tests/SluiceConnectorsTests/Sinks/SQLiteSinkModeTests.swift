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
}
