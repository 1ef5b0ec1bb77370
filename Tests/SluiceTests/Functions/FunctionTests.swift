import Foundation
import Logging
import Sluice
import SluiceTesting
import Testing

private struct Order: Codable, Equatable {
    var id: Int
    var customer: String
    var amount: Decimal
    var placed: Date
    var items: [Item] = []

    struct Item: Codable, Equatable {
        var sku: String
        var price: Decimal
    }
}

@Suite("A Swift function on Codable values")
struct FunctionTests {
    private let fixture = StepFixture()

    private func output(of function: Function, _ body: String) async throws -> Disposition {
        try #require(await fixture.transform(function).process([.received(1, body)]).first)
    }

    private func body(_ disposition: Disposition) -> String? {
        if case .passed(let outputs) = disposition { outputs.first?.body.text } else { nil }
    }

    @Test("writes equal values as equal bytes, decimals with all their digits")
    func stableOutput() async throws {
        let function = Function("f") { (order: Order, _) -> Outcome<Order> in [order] }
        let text = """
            {"placed":"2024-02-29T12:00:00Z","id":1,"customer":"a/b \u{e9}","items":[],
             "amount":12345678901234567890.123456789}
            """
        #expect(
            body(try await output(of: function, text))
                == #"{"amount":12345678901234567890.123456789,"customer":"a/b é","id":1,"items":[],"placed":"2024-02-29T12:00:00Z"}"#
        )
    }

    @Test(
        "a date comes through as it was, fractions of a second included",
        arguments: ["2024-02-29T23:59:59Z", "2024-02-29T23:59:59.250Z"])
    func dates(text: String) async throws {
        let function = Function("f") { (dates: [Date], _) -> Outcome<[Date]> in [dates] }
        #expect(body(try await output(of: function, "[\"\(text)\"]")) == "[\"\(text)\"]")
    }

    @Test(
        "a record that cannot be decoded is dead at once, with the place and what was expected",
        arguments: [
            (#"{"id":1}"#, "$ has no field 'customer', which Order needs"),
            (#"{"id":"x","customer":"c"}"#, "$.id is not Int, as Order needs"),
            (#"{"id":null}"#, "$.id is null, where Order needs Int"),
            (
                #"{"id":1,"customer":"c","amount":1,"placed":"2024-01-01T00:00:00Z","items":[{"sku":"a","price":1},{"sku":"b"}]}"#,
                "$.items[1] has no field 'price', which Order needs"
            ),
            (
                #"{"id":1,"customer":"c","amount":1,"placed":"tomorrow"}"#,
                "$.placed cannot be used by Order: 'tomorrow' is not a date"
            ),
            (#"{"id":1,"#, "the record is not JSON"),
            ("", "the record is empty, where a JSON value is expected"),
        ])
    func undecodable(text: String, reason: String) async throws {
        let function = Function("f") { (order: Order, _) -> Outcome<Order> in [order] }
        let answer = try await output(of: function, text)
        #expect(answer.word == "dead")
        #expect(answer.failure?.type == "DecodingError")
        #expect(answer.failure?.reason.hasPrefix(reason) == true, "\(answer.failure?.reason ?? "")")
    }

    @Test("errors: may have an undecodable record tried again")
    func decodingRule() async throws {
        let ruled = StepFixture(errors: [ErrorRule(match: "DecodingError", then: .retry)])
        let step = try ruled.transform(Function("f") { (order: Order, _) -> Outcome<Order> in [order] })
        #expect(await step.process([.received(1, "{")]).map(\.word) == ["retry"])
    }

    @Test("an output that JSON cannot hold is dead, not lost")
    func unencodable() async throws {
        let function = Function("f") { (_: RawRecord, _) -> Outcome<[Double]> in [[.nan]] }
        let answer = try await output(of: function, "1")
        #expect(answer.word == "dead")
        #expect(answer.failure?.type == "EncodingError")
    }

    @Test("bytes are never written as an array of numbers, whichever form the function has")
    func forms() async throws {
        let decoded = Function("f") { (order: [String: Int], _) -> Outcome<Bytes> in [Bytes("\(order["a"] ?? 0)")] }
        #expect(body(try await output(of: decoded, #"{"a":7}"#)) == "7")
        let raw = Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in [record.body] }
        #expect(body(try await output(of: raw, "raw")) == "raw")
        let encoded = Function("f") { (record: RawRecord, _) -> Outcome<[String: Int]> in [["n": record.body.count]] }
        #expect(body(try await output(of: encoded, "raw")) == #"{"n":3}"#)
    }

    @Test("the context tells the record, the try, the version and the time that is left")
    func context() async throws {
        let function = Function("f") { (_: RawRecord, context) -> Outcome<[String]> in
            context.logger.info("working")
            let hasTime = context.remaining > .seconds(20) && context.remaining <= .seconds(30)
            return [
                [
                    "\(context.identity)", context.name, "\(context.receiveCount)", context.pipeline,
                    context.version ?? "", "\(hasTime)",
                ]
            ]
        }
        #expect(body(try await output(of: function, "x")) == #"["r1","r1","1","orders","v1","true"]"#)
        #expect(fixture.lines.all.contains { $0.contains("info: working") && $0.contains("record=r1") })
    }
}
