import Sluice
import SluiceTesting
import Testing

@testable import SluiceConnectors

@Suite("The PostgreSQL sink, with a server", .enabled(if: PostgreSQLServer.programs != nil))
struct PostgreSQLSinkTests {
    @Test("it keeps what every sink promises, in each mode")
    func conforms() async throws {
        try await PostgreSQLServer.with { server in
            for promise in RecordSinkConformance.allCases {
                let name = promise.rawValue.filter(\.isLetter).lowercased().prefix(40)
                try await promise.check(PostgreSQLPlace(server, table: "insert_\(name)"))
                try await promise.check(PostgreSQLPlace(server, table: "upsert_\(name)", key: ["n"]))
                try await promise.check(PostgreSQLPlace(server, table: "ignore_\(name)", key: ["n"], mode: .ignore))
            }
        }
    }

    @Test("modes, values and tables are those of the definition")
    func rows() async throws {
        try await PostgreSQLServer.with { server in
            try await modes(server)
            try await values(server)
            try await tables(server)
            try await faults(server)
        }
    }

    private func modes(_ server: PostgreSQLServer) async throws {
        let newer = PostgreSQLPlace(server, table: "newer", key: ["id"], newerBy: "at")
        #expect(
            try await newer.write(#"{"id":"a","at":5,"v":1}"#, #"{"id":"b","at":5,"v":1}"#) == [.written, .written])
        #expect(try await newer.write(#"{"id":"a","at":4,"v":2}"#, #"{"id":"b","at":6,"v":2}"#) == [.stale, .written])
        // Two of one key in a batch, in order: the second is the older.
        #expect(try await newer.write(#"{"id":"c","at":9,"v":1}"#, #"{"id":"c","at":8,"v":2}"#) == [.written, .stale])
        #expect(try await newer.texts("SELECT id, at, v FROM newer ORDER BY id") == ["a 5 1", "b 6 2", "c 9 1"])

        let ignore = PostgreSQLPlace(server, table: "ignored", key: ["id"], mode: .ignore)
        #expect(try await ignore.write(#"{"id":1,"v":1}"#) == [.written])
        #expect(try await ignore.write(#"{"id":1,"v":2}"#, #"{"id":2,"v":2}"#) == [.ignored, .written])
        #expect(try await ignore.texts("SELECT id, v FROM ignored ORDER BY id") == ["1 1", "2 2"])

        // An upsert leaves columns alone that a record does not have.
        let upsert = PostgreSQLPlace(server, table: "upserted", key: ["id"])
        #expect(try await upsert.write(#"{"id":1,"v":1,"w":"x"}"#, #"{"id":1,"v":2}"#) == [.written, .written])
        #expect(try await upsert.texts("SELECT id, v, w FROM upserted") == ["1 2 x"])
    }

    private func values(_ server: PostgreSQLServer) async throws {
        let place = PostgreSQLPlace(server, table: "shop.\"s", create: false)
        _ = try await place.texts("CREATE SCHEMA shop")
        _ = try await place.texts(
            #"""
            CREATE TABLE shop."""s" (price numeric(30,10), day date, at timestamptz, tags text[], data jsonb, ok boolean,
              "Mixed name" varchar(3), raw json)
            """#)
        let body = #"""
            {"price":12345678901234567890.0123456789,"day":"2011-01-31","at":"2011-01-31T10:00:00Z","tags":["a,b","\"",null],
             "data":{"b":[1.50]},"ok":true,"Mixed name":"äöü","raw":{"a" : 1}}
            """#
        #expect(try await place.write(body) == [.written])
        #expect(
            try await place.texts(
                #"SELECT price, day, at AT TIME ZONE 'UTC', tags, data, ok, "Mixed name", raw FROM shop."""s""#) == [
                    #"12345678901234567890.0123456789 2011-01-31 2011-01-31 10:00:00 {"a,b","\"",NULL} {"b": [1.50]} t äöü {"a" : 1}"#
                ])
        // A cast would cut it without a word.
        await expect("sql:22001", #"{"Mixed name":"four"}"#, place)
        await expect("sql:22007", #"{"day":"soon"}"#, place)
        await expect("sql:22021", #"{"Mixed name":"\u0000"}"#, place)
        await expect("unknown-column", #"{"mixed name":"a"}"#, place)
        await expect("not-an-object", "[1]", place)
    }

    private func tables(_ server: PostgreSQLServer) async throws {
        let made = PostgreSQLPlace(server, table: "made", columns: [Deliver.Column("total", "numeric(12,2)")])
        #expect(try await made.write(#"{"total":1.5,"n":1}"#) == [.written])
        // Made here: a new field becomes a column.
        #expect(try await made.write(#"{"total":2.25,"n":2,"more":{"a":1}}"#) == [.written])
        #expect(
            try await made.texts("SELECT total, n, more FROM made ORDER BY n") == ["1.50 1 null", #"2.25 2 {"a": 1}"#])
        // What is settled is forgotten with a later write.
        let sink = try made.sink()
        _ = try await made.write(#"{"n":3}"#)
        #expect(try await made.texts("SELECT count(*) FROM _sluice_delivered WHERE pipeline = 'made'") == ["3"])
        try await sink.settled([RecordIdentity(#"0: {"n":3}"#)])
        let four = SinkRecord(
            identity: RecordIdentity("four"), body: Bytes(#"{"n":4}"#), received: Timestamp(milliseconds: 0))
        #expect(try await sink.write([four]) == [.written])
        #expect(try await made.texts("SELECT count(*) FROM _sluice_delivered WHERE pipeline = 'made'") == ["3"])
        #expect(try await sink.write([four]) == [.repeated])
        try await sink.settled([four.identity])
        await sink.close()
        #expect(try await made.texts("SELECT count(*) FROM _sluice_delivered WHERE pipeline = 'made'") == ["2"])
    }

    private func faults(_ server: PostgreSQLServer) async throws {
        let absent = PostgreSQLPlace(server, table: "absent", create: nil)
        await expect("sql:42P01", #"{"n":1}"#, absent)
        _ = try await absent.texts("CREATE TABLE absent (n int)")
        #expect(try await absent.write(#"{"n":1}"#) == [.written])
        await expect("sql:42P10", #"{"n":1}"#, PostgreSQLPlace(server, table: "absent", key: ["n"]))
        let checked = PostgreSQLPlace(server, table: "checked", create: nil)
        _ = try await checked.texts("CREATE TABLE checked (n int CHECK (n > 0))")
        await expect("sql:23514", #"{"n":0}"#, checked)
        #expect(try await checked.texts("SELECT count(*) FROM checked") == ["0"])
    }

    private func expect(
        _ type: String, _ body: String, _ place: PostgreSQLPlace, location: SourceLocation = #_sourceLocation
    ) async {
        let error = await #expect(throws: SinkError.self, sourceLocation: location) { try await place.write(body) }
        switch error {
        case .rejected(let rejections): #expect(rejections.map(\.type) == [type], sourceLocation: location)
        case .batchRejected(_, let found), .tooLarge(_, let found): #expect(found == type, sourceLocation: location)
        case .busy(_, let found, _), .unavailable(_, let found): #expect(found == type, sourceLocation: location)
        case nil: break
        }
    }
}
