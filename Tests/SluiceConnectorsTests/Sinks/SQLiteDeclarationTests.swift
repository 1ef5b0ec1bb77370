import Sluice
import Testing

@testable import SluiceConnectors

@Suite("The SQLite sink: declared columns")
struct SQLiteDeclarationTests {
    @Test(
        "a value that fits its declared column is stored as it is written",
        arguments: [
            ("integer", "5", "i:5"), ("bigint", "-9223372036854775808", "i:-9223372036854775808"),
            ("smallint", "0", "i:0"), ("INT", "-7", "i:-7"),
            ("real", "0.5", "r:0.5"), ("double precision", "3", "r:3.0"), ("float", "1e2", "r:100.0"),
            ("boolean", "true", "i:1"), ("bool", "false", "i:0"),
            ("numeric(12,2)", "37.10", "t:37.10"), ("numeric(12,2)", #""37.10""#, "t:37.10"),
            ("numeric(12,2)", "1234567890.12", "t:1234567890.12"), ("numeric(12,2)", "1.2300", "t:1.2300"),
            ("numeric( 4 , 1 )", "-999.9", "t:-999.9"), ("decimal(3)", "999", "t:999"), ("numeric(3)", "0", "t:0"),
            ("numeric(4,2)", #""0010.50""#, "t:0010.50"), ("numeric(4,2)", "1e1", "t:1e1"),
            ("numeric(2,2)", "0.25", "t:0.25"), ("numeric(4,2)", "25e-2", "t:25e-2"),
            ("numeric", "1234567890123456789012345.678901", "t:1234567890123456789012345.678901"),
            ("numeric(4,2)", #""1\u0030.50""#, "t:10.50"),
            ("date", #""2024-02-29""#, "t:2024-02-29"), ("date", #""2000-02-29""#, "t:2000-02-29"),
            ("timestamptz", #""2026-11-24T17:05:00Z""#, "t:2026-11-24T17:05:00Z"),
            ("timestamp", #""2026-11-24 17:05""#, "t:2026-11-24 17:05"),
            ("timestamptz", #""2026-11-24T23:59:60.123456+05:30""#, "t:2026-11-24T23:59:60.123456+05:30"),
            ("timestamp with time zone", #""2026-11-24t17:05:00-08""#, "t:2026-11-24t17:05:00-08"),
            ("uuid", #""123e4567-E89B-12d3-a456-426614174000""#, "t:123e4567-E89B-12d3-a456-426614174000"),
            ("text", #""x""#, "t:x"), ("varchar(3)", "5", "t:5"), ("text", "true", "t:1"),
            ("jsonb", #"{"a":[1]}"#, #"t:{"a":[1]}"#), ("json", "1.50", "t:1.50"),
            ("integer", "null", "null"), ("date", "null", "null"), ("numeric(12,2)", "null", "null"),
        ])
    func fits(_ type: String, _ json: String, _ stored: String) async throws {
        let place = try SinkFolder(columns: [.init("v", type)])
        let sink = try place.sink()
        try await sink.write(#"{"v":\#(json)}"#)
        #expect(try place.rows() == [stored])
        await sink.close()
    }

    @Test(
        "a value that does not fit its declared column rejects its record alone",
        arguments: [
            ("integer", #""x""#), ("integer", #""5""#), ("bigint", "1.0"), ("int", "1e2"), ("smallint", "true"),
            ("integer", "[1]"), ("integer", "9223372036854775808"),
            ("real", #""0.5""#), ("double precision", "false"), ("float", "{}"), ("real", "9007199254740993"),
            ("boolean", #""maybe""#), ("boolean", "1"), ("boolean", #""true""#),
            ("numeric(12,2)", "1234567890123456789012345"), ("numeric(12,2)", "12345678901"),
            ("numeric(12,2)", "0.125"), ("numeric(12,2)", #""1e1""#), ("numeric(12,2)", #""+1""#),
            ("numeric(12,2)", #"" 1""#), ("numeric(12,2)", #""1.""#), ("numeric(12,2)", #"".5""#),
            ("numeric(12,2)", "\"\""), ("numeric(12,2)", #""-""#), ("numeric(12,2)", "true"),
            ("numeric(3)", "1.5"), ("numeric(4,2)", "1e2"), ("numeric(4,2)", "1e-3"),
            ("numeric", #""ten""#), ("decimal(2,2)", "1.5"), ("numeric", "[]"),
            ("date", #""2023-02-29""#), ("date", #""1900-02-29""#), ("date", #""2026-13-01""#),
            ("date", #""2026-04-31""#), ("date", #""2026-1-1""#), ("date", #""20260101""#),
            ("date", #""2026-01-01T00:00""#), ("date", "20260101"),
            ("timestamptz", "17"), ("timestamptz", #""2026-11-24""#), ("timestamptz", #""2026-11-24T24:00:00Z""#),
            ("timestamp", #""2026-11-24T17:60""#), ("timestamp", #""2026-11-24T17:05:00 Z""#),
            ("timestamp", #""2026-11-24T17:05:00.Z""#), ("timestamp", #""2026-11-31T17:05:00Z""#),
            ("timestamptz", #""2026-11-24T17:05:00+5""#), ("timestamptz", #""2026-11-24T17:05:00+05:60""#),
            ("uuid", #""123e4567-e89b-12d3-a456-42661417400""#), ("uuid", #""123e4567e89b12d3a456426614174000""#),
            ("uuid", #""g23e4567-e89b-12d3-a456-426614174000""#), ("uuid", "1"),
        ])
    func doesNotFit(_ type: String, _ json: String) async throws {
        let place = try SinkFolder(columns: [.init("n", "text"), .init("v", type)])
        let sink = try place.sink()
        try await sink.write(#"{"n":"before"}"#)
        #expect(
            try await sink.refusals(of: #"{"n":"1","v":null}"#, #"{"n":"2","v":\#(json)}"#, #"{"n":"3","v":null}"#)
                == ["1 does-not-fit"])
        #expect(try place.rows("SELECT n FROM orders") == ["t:before"])
        await sink.close()
    }

    @Test("the reason names the column, its declared type and the value, of which it shows the start")
    func reason() async throws {
        let place = try SinkFolder(columns: [.init("price", "numeric(12,2)"), .init("at", "timestamptz")])
        let sink = try place.sink()
        let price = await sink.refusal(of: #"{"at":null,"price":0.125}"#)?.reason
        #expect(
            price
                == "the column 'price' is declared numeric(12,2), and 0.125 does not fit it; expected a decimal number "
                + "with at most 10 digits before the point and 2 behind it")
        let long = await sink.refusal(of: #"{"at":"\#(String(repeating: "x", count: 10_000))"}"#)?.reason
        #expect(long?.contains("'at' is declared timestamptz, and \"xxx") == true, "\(long ?? "")")
        #expect(long?.utf8.count ?? .max < 300)
        await sink.close()
    }
}
