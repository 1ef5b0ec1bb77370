import Sluice
import SluiceTesting
import Testing

@testable import SluiceConnectors

/// However the bytes come, and wherever the reading was interrupted, the records are the same.
@Suite("Records of an object, in pieces")
struct FormatPropertyTests {
    struct Case: Sendable, CustomStringConvertible {
        let key: String
        let alphabet: [String]
        var encoding = CSVOptions.Encoding.utf8
        var description: String { key }
    }

    static let cases = [
        Case(key: "a.jsonl", alphabet: ["{\"a\":1}", "\n", "\r\n", "[", "]", "\"x\"", " ", "é", "7"]),
        Case(key: "a.txt", alphabet: ["a", "bc", "\n", "\r", "\0", "é", "\n\n"]),
        Case(
            key: "a.json",
            alphabet: ["[", "]", "{", "}", "\"a\"", ":", ",", "1", "\"", "\\", " ", "\n", "true", "[1,2]"]),
        Case(key: "b.json", alphabet: ["{\"a\":[1]}", " ", "\n", "12", "\"]\"", ",", "nul"]),
        Case(key: "a.csv", alphabet: ["a", "b,c", ",", "\"", "\"\"", "\n", "\r\n", "\r", "é", "\"x,y\"", "1,2\n"]),
        Case(key: "l.csv", alphabet: ["a", ",", "\n", "é", "\"x\"", "1,2\n"], encoding: .latin1),
    ]

    @Test("are the same in whatever pieces the bytes come, and after every interruption", arguments: cases, 0..<60)
    func pieces(_ example: Case, _ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) &* 7_919 &+ 13)
        var text = example.key == "a.json" ? "[" : (example.key.hasSuffix("csv") ? "h,i\n" : "")
        for _ in 0..<Int.random(in: 0...60, using: &random) {
            text += example.alphabet.randomElement(using: &random) ?? ""
        }
        if example.key == "a.json", seed % 2 == 0 { text += "]" }
        let source = Source.bucket("drop", csv: CSVOptions(encoding: example.encoding))
        let whole = try SplitResult(text, key: example.key, source, maxRecord: 40)
        for pieces in [1, 3, 50] {
            let result = try SplitResult(
                text, key: example.key, source, maxRecord: 40, pieces: pieces, seed: UInt64(seed))
            #expect(result.summary == whole.summary, "in pieces of \(pieces): \(text.debugDescription)")
        }
        let interrupted = try SplitResult(
            text, key: example.key, source, maxRecord: 40, pieces: 5, records: 2, seed: UInt64(seed))
        #expect(interrupted.summary == whole.summary, "interrupted: \(text.debugDescription)")
        let numbers = (whole.records.map(\.number) + whole.broken.map(\.number)).sorted()
        #expect(numbers == (0..<Int64(numbers.count)).map(\.self))
    }

    @Test(
        "are the same of compressed bytes, after every interruption", arguments: ["gzip -c", "zstd -q -c"],
        [("a.jsonl", "{\"n\":%}\n"), ("a.csv", "%,\"a\nb\"\n"), ("a.json", "[%, 1],"), ("a.txt", "x %\r\n")])
    func compressed(tool: String, example: (key: String, record: String)) throws {
        var text = example.key == "a.csv" ? "a,b\n" : ""
        for number in 0..<400 { text += example.record.replacing("%", with: "\(number)") }
        if example.key == "a.json" { text = "[" + text + "0]" }
        let whole = try SplitResult(text, key: example.key)
        let bytes = try FormatTests.compress(text, tool)
        let interrupted = try SplitResult(bytes, key: example.key, pieces: 9, records: 40, seed: 3)
        #expect(interrupted.summary == whole.summary)
        #expect(whole.records.count >= 400)
        #expect(whole.broken == [])
    }
}
