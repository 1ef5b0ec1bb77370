import Foundation
import Sluice
import Testing

@testable import SluiceFunctions

extension JQSuites {
    @Suite("Random numbers through jq")
    struct JQNumberPropertyTests {
        @Test("a document comes out as it went in, byte for byte", arguments: 0..<8)
        func identity(_ seed: Int) throws {
            var random = Dice(seed)
            let (whole, parts) = (try JQFunction("."), try JQFunction("{a: .a, b: [.b[]], c: (.c | {x, y})}"))
            for _ in 0..<20 {
                let list = (0..<random.below(6)).map { _ in random.value(depth: 2) }.joined(separator: ",")
                let document =
                    "{\"a\":\(random.value(depth: 3)),\"b\":[\(list)],\"c\":{\"x\":\(random.number()),\"y\":\(random.number())}}"
                #expect(whole.answer(to: Bytes(document), time: 0) == .outputs([Bytes(document)]))
                #expect(parts.answer(to: Bytes(document), time: 0) == .outputs([Bytes(document)]))
            }
        }

        /// What a program makes of two numbers, exactly.
        struct Law: Sendable, CustomTestStringConvertible {
            let program: String
            let exactly: @Sendable (Decimal, Decimal) -> Decimal?
            var testDescription: String { program }
        }

        private static let laws = [
            Law(program: ".a + .b") { $0 + $1 }, Law(program: ".a - .b") { $0 - $1 },
            Law(program: ".a + 1") { a, _ in a + 1 },
            Law(program: ".a * 2") { a, _ in a * 2 }, Law(program: ".a + 0.001") { a, _ in a + 0.001 },
            Law(program: "-.a") { a, _ in -a },
            Law(program: "[.a, .b] | max") { max($0, $1) }, Law(program: "[.a, .b] | sort | .[0]") { min($0, $1) },
            Law(program: "if .a == .b then 1 else 0 end") { $0 == $1 ? 1 : 0 },
            Law(program: "if .a < .b then 1 else 0 end") { $0 < $1 ? 1 : 0 },
            Law(program: "if .a > 9007199254740992 then .b else .a end") { $0 > 9_007_199_254_740_992 ? $1 : $0 },
            Law(program: "[.a, .b] | unique | length") { $0 == $1 ? 1 : 2 },
            Law(program: ".a % 2") { a, _ in a.remainder(2) }, Law(program: ".a % 16") { a, _ in a.remainder(16) },
            Law(program: ".a % 1000") { a, _ in a.remainder(1_000) },
            Law(program: "[.a, .b, .a] | group_by(.) | length") { $0 == $1 ? 1 : 2 },
            Law(program: ".a / 4 * 4") { a, _ in a }, Law(program: ".a | tostring | tonumber") { a, _ in a },
            Law(program: ".b * 0") { _, _ in 0 },
        ]

        @Test("no wrong value gets out: what is inexact comes out right, or not at all", arguments: laws)
        func arithmetic(_ law: Law) throws {
            let function = try JQFunction(law.program)
            var random = Dice(law.program.utf8.reduce(0) { $0 &* 31 &+ Int($1) })
            for _ in 0..<60 {
                let (a, b) = random.pair()
                let record = "{\"a\":\(a),\"b\":\(b)}"
                switch function.answer(to: Bytes(record), time: 0) {
                case .outputs(let outputs):
                    let exact = try #require(law.exactly(try decimal(a), try decimal(b)))
                    try #require(outputs.count == 1)
                    #expect(try decimal(outputs[0].text) == exact, "\(record) → \(outputs[0].text)")
                case .failed(let problem):
                    #expect(problem.type == "jq-number", "\(record) → \(problem)")
                case .unconfirmed: Issue.record("unconfirmed")
                }
            }
        }

        @Test(
            "exact numbers are never refused, and come to what the same numbers in jq's own spelling come to",
            arguments: laws)
        func exact(_ law: Law) throws {
            let function = try JQFunction(law.program)
            var random = Dice(law.program.utf8.count)
            for _ in 0..<20 {
                let (a, b) = (random.below(2_000_000) - 1_000_000, random.below(100_000))
                let plain = function.answer(to: Bytes("{\"a\":\(a),\"b\":\(b)}"), time: 0)
                let spelled = function.answer(to: Bytes("{\"a\":\(a).00,\"b\":\(b)00e-2}"), time: 0)
                guard case .outputs(let one) = plain, case .outputs(let other) = spelled else {
                    Issue.record("\(plain), \(spelled)")
                    return
                }
                #expect(try one.map { try decimal($0.text) } == other.map { try decimal($0.text) })
            }
        }

        private func decimal(_ text: String) throws -> Decimal {
            try #require(Decimal(string: text, locale: Locale(identifier: "en_US_POSIX")), "\(text)")
        }
    }
}

extension Decimal {
    /// The sign is the dividend's, as in C.
    fileprivate func remainder(_ divisor: Int) -> Decimal? {
        var (quotient, result) = (self / Decimal(divisor), Decimal())
        NSDecimalRound(&result, &quotient, 0, self < 0 ? .up : .down)
        return self - result * Decimal(divisor)
    }
}

/// Random numbers that repeat, and JSON made of them.
private struct Dice {
    private var state: UInt64

    init(_ seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func below(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state >> 1) % limit
    }

    mutating func digits(_ count: Int) -> String { (0..<count).map { _ in String(below(10)) }.joined() }

    mutating func number() -> String {
        let sign = below(4) == 0 ? "-" : ""
        let whole = below(3) == 0 ? "0" : "\(1 + below(9))" + digits(below(22))
        let fraction = below(2) == 0 ? "" : "." + digits(1 + below(22))
        let exponent = below(5) == 0 ? ["e5", "E+3", "e-7", "e0", "e350"][below(5)] : ""
        return sign + whole + fraction + exponent
    }

    mutating func value(depth: Int) -> String {
        switch below(depth > 0 ? 7 : 5) {
        case 0: ["true", "false", "null"][below(3)]
        case 1: "\"\(digits(below(20)))\\\"x\\\\\""
        case 2, 3, 4: number()
        case 5: "[" + (0..<below(5)).map { _ in value(depth: depth - 1) }.joined(separator: ",") + "]"
        default: "{" + (0..<below(5)).map { "\"k\($0)\":" + value(depth: depth - 1) }.joined(separator: ",") + "}"
        }
    }

    /// Whole numbers beyond 2^53: any two, neighbours, or equal ones.
    mutating func pair() -> (String, String) {
        let sign = below(4) == 0 ? "-" : ""
        let a = 9_007_199_254_740_993 + below([10, 100_000, 1 << 62 - 1 << 54][below(3)])
        let b = [a, a + 1 + below(8), 9_007_199_254_740_993 + below(1 << 60), a][below(4)]
        return ("\(sign)\(a)", "\(sign)\(b)\(below(3) == 0 ? ".0" : "")")
    }
}
