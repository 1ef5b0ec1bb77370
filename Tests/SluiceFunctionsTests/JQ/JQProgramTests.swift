import Sluice
import Testing

@testable import SluiceFunctions

extension JQSuites {
    @Suite("jq programs")
    struct JQProgramTests {
        @Test("one value is one output, several are several in order, none leaves the record out")
        func outputs() throws {
            #expect(try JQ.run("{n: (.n + 1)}", #"{"n": 41}"#) == [#"{"n":42}"#])
            #expect(try JQ.run(".items[]", #"{"items": [1, "two", null]}"#) == ["1", #""two""#, "null"])
            #expect(try JQ.run("empty", "{}") == [])
            #expect(try JQ.run("select(.n > 1)", #"{"n": 1}"#) == [])
        }

        @Test(
            "a program that fails fails the record with its own words, at once and for good, and the next one comes through"
        )
        func failures() throws {
            let function = try JQFunction(
                #"if .n == 1 then error("n is \(.n)") elif .n == 2 then error({code: 7}) else .n end"#)
            let expected = [
                "1": RecordAnswer.failed(Problem(reason: "n is 1", type: "jq", remedy: .reject)),
                "2": .failed(Problem(reason: #"{"code":7}"#, type: "jq", remedy: .reject)),
                "3": .outputs([Bytes("3")]),
            ]
            for n in ["1", "2", "3", "1"] {
                #expect(function.answer(to: Bytes("{\"n\": \(n)}"), time: 0) == expected[n])
            }
        }

        @Test("outputs before a failure are not passed on")
        func failsLate() throws {
            #expect(try JQ.run(#"1, 2, error("late")"#, "{}") == ["jq: late"])
        }

        @Test("error(null) fails the record, although jq 1.6 would leave it out without a word")
        func errorOfNull() throws {
            #expect(try JQ.run("error(.reason)", "{}").first?.contains("null") == true)
            #expect(try JQ.run(".reason | error", "{}").first?.contains("null") == true)
            #expect(try JQ.run(#"try error("x") catch ."#, "{}") == [#""x""#])
        }

        @Test("halt and halt_error fail the record, and the next one comes through")
        func halts() throws {
            let function = try JQFunction(#"if .n == 1 then halt elif .n == 2 then "bye" | halt_error else .n end"#)
            #expect(
                function.answer(to: Bytes(#"{"n": 1}"#), time: 0)
                    == .failed(
                        Problem(
                            reason: "the program called `halt`; write `empty` to leave a record out", type: "jq",
                            remedy: .reject)))
            #expect(
                function.answer(to: Bytes(#"{"n": 2}"#), time: 0)
                    == .failed(Problem(reason: "bye", type: "jq", remedy: .reject)))
            #expect(function.answer(to: Bytes(#"{"n": 3}"#), time: 0) == .outputs([Bytes("3")]))
        }

        @Test("there is no other input", arguments: ["input", "[inputs]", "first(inputs)"])
        func input(_ program: String) throws {
            #expect(try JQ.run(program, "{}") == ["jq: there is no other input: each record is a run of its own"])
        }

        @Test("now is the time of the invocation")
        func now() throws {
            #expect(try JQ.run("now", "{}", time: 1_700_000_000.25) == ["1700000000.25"])
            #expect(try JQ.run("now | floor | todate", "{}", time: 1_700_000_000) == [#""2023-11-14T22:13:20Z""#])
        }

        @Test(
            "a record that is not JSON to the letter is refused, also where jq would read it",
            arguments: ["", "nope", "{\"a\":1", "1 2", "NaN", "{'a': 1}", "01", "\u{FEFF}{}", "{\"a\": \"\u{1}\"}"])
        func notJSON(_ record: String) throws {
            #expect(
                try JQ.run(".", record).first?.hasPrefix("not-json: it is not JSON, which a jq program is given: ")
                    == true)
        }

        @Test("a record that is nested too deeply for jq is refused with jq's words")
        func tooDeep() throws {
            let record = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
            let answer = try JQ.run("1", record)
            // From jq 1.7 on it may be 10,000 deep.
            #expect(answer == ["1"] || answer[0].hasPrefix("jq: jq cannot read it: Exceeds depth limit"))
        }

        @Test(
            "what a program nests deeper than jq can write fails the record, as JSON and as text",
            arguments: ["reduce range(20000) as $i (1; [.])", "reduce range(20000) as $i (1; [.]) | tojson"])
        func writesTooDeep(_ program: String) throws {
            #expect(
                try JQ.run(program, "{}") == [
                    "jq: the program makes values that are nested too deep for jq to write them"
                ])
        }

        @Test(
            "the words that jq writes for what is too deep may be in a text",
            arguments: ["<stripped: exceeds max depth>", "<skipped: too deep>"])
        func wordsOfDepth(_ words: String) throws {
            #expect(try JQ.run(".", "{\"a\":\"\(words)\"}") == ["{\"a\":\"\(words)\"}"])
            #expect(try JQ.run("\"\(words)\"", "{}") == ["\"\(words)\""])
        }

        @Test("a program without end of outputs is stopped at the limit of an answer")
        func endless() throws {
            #expect(
                try JQ.run("repeat(.)", #""0123456789""#) == ["jq: the program makes more than 6291456 bytes of it"])
        }

        @Test("text comes out as it went in: every character, escapes, quotes")
        func text() throws {
            let record = #"{"a":"\u0000\u001f\"\\/é€😀","ключ":"\ud83d\ude00"}"#
            #expect(try JQ.run(".", record) == [#"{"a":"\u0000\u001f\"\\/é€😀","ключ":"😀"}"#])
        }

        @Test(
            "a mistake is told in jq's words with its line and column, in characters",
            arguments: [
                ("{a: }", [JQMistake("syntax error, unexpected '}'", line: 1, column: 5)]),
                (
                    ".a |\n  foo | bar(1)",
                    [
                        JQMistake("foo/0 is not defined", line: 2, column: 3),
                        JQMistake("bar/1 is not defined", line: 2, column: 9),
                    ]
                ),
                ("\"é€\" | foo", [JQMistake("foo/0 is not defined", line: 1, column: 8)]),
                ("$x", [JQMistake("$x is not defined", line: 1, column: 1)]),
                // One mistake, of which jq says two things.
                ("if . then 1", [JQMistake("syntax error, unexpected $end (Possibly", line: 1, column: 11)]),
            ])
        func mistakes(_ source: String, _ expected: [JQMistake]) throws {
            let thrown = #expect(throws: JQMistakes.self) { try JQProgram(source) }
            // What exactly jq says differs by version.
            #expect(thrown?.list.map(\.line) == expected.map(\.line))
            #expect(thrown?.list.map(\.column) == expected.map(\.column))
            #expect(thrown?.list.first?.problem.hasPrefix(expected[0].problem.prefix(12)) == true)
        }

        @Test("import says that a program reads no files")
        func imports() throws {
            let thrown = #expect(throws: JQMistakes.self) {
                try JQProgram(#"import "passwd" as $p {search: "/etc"}; $p"#)
            }
            #expect(thrown?.list.first?.remedy == "a program here reads no files: write what it needs into it")
        }
    }
}
