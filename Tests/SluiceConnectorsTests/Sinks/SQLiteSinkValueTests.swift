import Sluice
import Testing

@testable import SluiceConnectors

@Suite("The SQLite sink: values")
struct SQLiteSinkValueTests {
    @Test(
        "every value is stored without losing anything",
        arguments: [
            ("0", "i:0"), ("-0", "i:0"), ("9007199254740993", "i:9007199254740993"),
            ("9223372036854775807", "i:9223372036854775807"), ("-9223372036854775808", "i:-9223372036854775808"),
            ("9223372036854775808", "t:9223372036854775808"), ("-9223372036854775809", "t:-9223372036854775809"),
            ("123456789012345678901234567890", "t:123456789012345678901234567890"),
            ("1000000000000000000", "i:1000000000000000000"), ("10000000000000000000", "t:10000000000000000000"),
            ("0.1", "r:0.1"), ("37.72", "r:37.72"), ("1.10", "r:1.1"), ("1.0", "r:1.0"), ("-2.5e-3", "r:-0.0025"),
            ("1e2", "r:100.0"), ("1e22", "r:1e+22"), ("0.30000000000000004", "r:0.30000000000000004"),
            ("0.3000000000000000444", "t:0.3000000000000000444"), ("1e400", "t:1e400"), ("1e-400", "t:1e-400"),
            ("5e-324", "r:5e-324"), ("0.0", "r:0.0"), ("0e999999", "r:0.0"),
            ("12345678901234567.5", "t:12345678901234567.5"), ("9007199254740993.0", "t:9007199254740993.0"),
            ("true", "i:1"), ("false", "i:0"), ("null", "null"), (#""""#, "t:"), (#""007""#, "t:007"),
            (#""1e5""#, "t:1e5"), (#""ü€😀 \u00fc\uD83D\uDE00\n""#, "t:ü€😀 ü😀\n"),
            (#"{"a": [1, 2.50]}"#, #"t:{"a": [1, 2.50]}"#), ("[ ]", "t:[ ]"),
        ])
    func values(_ json: String, _ stored: String) async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        try await sink.write(#"{"v":\#(json)}"#)
        #expect(try place.rows() == [stored])
        await sink.close()
    }

    @Test("text with NUL characters is stored whole")
    func nul() async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        try await sink.write(#"{"v":"a\u0000b"}"#)
        #expect(try place.texts("SELECT hex(v) || typeof(v) FROM orders") == ["610062text"])
        await sink.close()
    }

    @Test("declared columns keep digits as the definition asks, whatever comes")
    func declared() async throws {
        let columns = [
            Deliver.Column("amount", "numeric(12,2)"), .init("at", "timestamptz"), .init("n", "integer"),
            .init("x", "real"),
            .init("ok", "boolean"),
        ]
        let place = try SinkFolder(columns: columns)
        let sink = try place.sink()
        try await sink.write(#"{"amount":37.10,"at":"2024-01-01 10:00","n":5,"x":3,"ok":true,"more":1}"#)
        try await sink.write(#"{"amount":"37.10","at":null,"n":7,"x":0.5,"ok":false,"more":"1"}"#)
        #expect(try place.rows() == ["t:37.10 t:2024-01-01 10:00 i:5 r:3.0 i:1 i:1", "t:37.10 null i:7 r:0.5 i:0 t:1"])
        await sink.close()
    }

    @Test("a number that a typed column would round is rejected alone, not rounded")
    func rounded() async throws {
        let place = try SinkFolder()
        try place.execute("CREATE TABLE orders(i INTEGER, n NUMERIC, r REAL, t TEXT)")
        let sink = try place.sink()
        for body in [
            #"{"i":123456789012345678901}"#, #"{"n":0.12345678901234567890}"#, #"{"n":"0.12345678901234567890"}"#,
            #"{"n":"0.1234567890123456789\u0031"}"#, #"{"r":9007199254740993}"#, #"{"r":"9007199254740993"}"#,
        ] {
            #expect(await sink.refusal(of: body)?.type == "does-not-fit", "\(body)")
        }
        try await sink.write(
            #"{"i":5,"n":"12.50","r":1,"t":0.1234567890123456}"#, #"{"i":"five","n":1e3,"r":"x","t":12}"#)
        #expect(try place.rows() == ["i:5 r:12.5 r:1.0 t:0.1234567890123456", "t:five i:1000 t:x t:12"])
        await sink.close()
    }

    @Test("decimals become doubles exactly when the double's own text is the same number")
    func classification() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let digits = Int.random(in: 1...20, using: &random)
            var text = (0..<digits).map { _ in String(Int.random(in: 0...9, using: &random)) }.joined()
            text.insert(".", at: text.index(text.startIndex, offsetBy: Int.random(in: 1...digits, using: &random)))
            if text.hasSuffix(".") { text += "0" }
            let number = Array(text.utf8).withUnsafeBufferPointer { SQLiteNumber($0) }
            let double = Double(text) ?? .nan
            let isSame = Self.normalised(text) == Self.normalised(Self.plain(double))
            #expect(number == (isSame ? .real(double) : .digits), "\(text)")
        }
    }

    /// The digits of a double without an exponent.
    private static func plain(_ double: Double) -> String {
        let text = double.description
        guard let letter = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: letter)...]) else {
            return text
        }
        let mantissa = text[..<letter].replacing(".", with: "")
        let point =
            (text[..<letter].firstIndex(of: ".").map { text.distance(from: text.startIndex, to: $0) } ?? 1) + exponent
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + mantissa }
        return mantissa + String(repeating: "0", count: max(0, point - mantissa.count)) + ".0"
    }

    /// Without zeros that mean nothing.
    private static func normalised(_ text: String) -> String {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let whole = parts[0].drop { $0 == "0" }
        var fraction = parts.count > 1 ? parts[1] : ""
        while fraction.last == "0" { fraction.removeLast() }
        return "\(whole).\(fraction)"
    }
}
