import Sluice
import Testing

@testable import SluiceFunctions

struct JQMistakePlace: Hashable, Sendable {
    let line: Int?
    let column: Int?

    init(_ line: Int?, _ column: Int?) { (self.line, self.column) = (line, column) }
}

extension JQSuites {
    @Suite("Numbers through jq")
    struct JQNumberTests {
        private static let big = "9007199254740993"

        @Test(
            "what a program passes on untouched keeps its spelling",
            arguments: [
                "9007199254740993", "-9007199254740993", "12345678901234567890123456789", "10.00", "0.10", "-0.0",
                "1e2",
                "1E+2", "100e-2", "0.00001", "1e400", "-1e400", "1e-400", "3.14159265358979323846264338327950288",
                "123456789012345678", "9007199254740992", "1.0", "5e-324", "0.1000000000000000055511151231257827",
                "1" + String(repeating: "0", count: 400),
            ])
        func untouched(_ number: String) throws {
            #expect(try JQ.run(".", number) == [number])
            #expect(
                try JQ.run("{id: .n, more: [.n, 1]}", "{\"n\":\(number)}") == [
                    "{\"id\":\(number),\"more\":[\(number),1]}"
                ])
            #expect(try JQ.run(".a[]", "{\"a\":[\(number),2]}") == [number, "2"])
            #expect(try JQ.run("if .n then .n else 0 end", "{\"n\":\(number)}") == [number])
            #expect(try JQ.run("[.n, 1] | map(select(. != null)) | first", "{\"n\":\(number)}") == [number])
        }

        @Test("several awkward numbers keep their own spelling, and their order")
        func several() throws {
            let record = #"{"a":10.00,"b":10.0,"c":9007199254740993,"d":9007199254740995,"e":[1e1,10]}"#
            #expect(try JQ.run(".", record) == [record])
            #expect(
                try JQ.run("[.d, .c, .a] | sort", record) == ["[10.00,9007199254740993,9007199254740995]"])
        }

        @Test(
            "numbers whose value is exact are computed with as jq does, whatever their spelling",
            arguments: [
                (".n * 2", "10.00", "20"), (".n + 1", "1e2", "101"), (".n == 10", "10.00", "true"),
                ("\"\\(.n)\"", "10.00", "\"10\""), (".n | floor", "19.90", "19"), (".n / 100", "1999.00", "19.99"),
                (".n - 19.99", "19.990", "0"), (".n | tostring | length", "1.50", "3"), ("[.n] | add", "0.10", "0.10"),
                ("{n: .n, twice: (.n * 2)}", "1.50", "{\"n\":1.50,\"twice\":3}"),
            ])
        func exact(_ program: String, _ number: String, _ expected: String) throws {
            #expect(try JQ.run(program, "{\"n\":\(number)}") == [expected])
        }

        @Test(
            "money is a plain number",
            arguments: [(".n", "19.99", "19.99"), (".n * 100 | round", "19.99", "1999"), (".n + 0.01", "19.99", "20")])
        func money(_ program: String, _ number: String, _ expected: String) throws {
            #expect(try JQ.run(program, "{\"n\":\(number)}") == [expected])
        }

        @Test(
            "a program that computes with what a double cannot hold, or decides by it, fails the record and says so",
            arguments: [
                ".n + 1", ".n - 1", ".n * 2", ".n / 2", ".n % 2", ".n % 10", "-.n", ".n | sqrt",
                "if .n > 9007199254740992 then 1 else 2 end",
                "select(.n >= 9007199254740992.0)", "[.n, 1] | add",
                ".n * 2 | tostring | length", ".n + 1 | tostring | .[:1]", "[.n / 2] | @csv | \"x\"",
                ". as $r | [1, 2] | map(. * $r.n)", ".n | [., 1e300] | min | . + 0.5", ".n / 1000 | floor",
            ])
        func inexact(_ program: String) throws {
            guard case .failed(let problem) = try JQ.answer(program, "{\"n\":\(Self.big)}") else {
                Issue.record("\(try JQ.run(program, "{\"n\":\(Self.big)}"))")
                return
            }
            #expect(problem.type == "jq-number")
            #expect(problem.remedy == .reject)
            #expect(
                problem.reason.hasPrefix("the program computes with the number \(Self.big) or decides by it"),
                "\(problem.reason)")
        }

        @Test("a program that fails whatever the number is fails with its own words")
        func failsAnyway() throws {
            #expect(try JQ.run(#"error("no")"#, "{\"n\":\(Self.big)}") == ["jq: no"])
        }

        @Test(
            "a text that is made of a number is as long as the number, or the record is refused",
            arguments: [
                (".n | tostring | length", "19"), ("(.n | tostring | length) == 19", "true"),
                (".n | tostring | length == 22", "false"), ("\"\\(.n)\"[5:8]", "\"678\""),
                ("if \"\\(.n)\" | test(\"^[0-9]{19}$\") then .n else 0 end", "1234567890123456789"),
                (".n | tostring | split(\"7\") | length", "3"), ("[.n | tostring | explode | .[]] | length", "19"),
            ])
        func textLength(_ program: String, _ expected: String) throws {
            let output = try JQ.run(program, #"{"n":1234567890123456789}"#)
            #expect(output == [expected] || output.first?.hasPrefix("jq-number") == true, "\(output)")
        }

        @Test(
            "a text that a program makes a number of is not rounded in silence",
            arguments: [
                (".id | tonumber", "1234567890123456789"), ("{id: (.id | tonumber)}", #"{"id":1234567890123456789}"#),
                ("\"\\(.id | tonumber)\"", #""1234567890123456789""#),
                (".raw | fromjson", #"{"n":1234567890123456789}"#),
                (".raw | fromjson | .n", "1234567890123456789"), ("(.id | tonumber) + 1", nil),
            ] as [(String, String?)])
        func roundedTexts(_ program: String, _ expected: String?) throws {
            let output = try JQ.run(
                program, #"{"id":"1234567890123456789","raw":"{\"n\":1234567890123456789}","q":"42"}"#)
            #expect(output.first == expected || expected == nil && output[0].hasPrefix("jq-number"), "\(output)")
        }

        @Test(
            "a text with many digits that is passed on is no reason to refuse, whatever else is made a number of",
            arguments: [
                ("{id, q: (.q | tonumber)}", #"{"id":"1234567890123456789","q":42}"#), (".q | tonumber", "42"),
                ("\"\\(.id)-\\(.q | tonumber)\"", "\"1234567890123456789-42\""), (".id[-4:] | tonumber", "6789"),
            ])
        func textsPassedOn(_ program: String, _ expected: String) throws {
            #expect(try JQ.run(program, #"{"id":"1234567890123456789","q":"42"}"#) == [expected])
        }

        @Test("text that a program makes of a number has the number's digits")
        func asText() throws {
            let record = "{\"n\":\(Self.big),\"m\":12345678901234567890}"
            #expect(
                try JQ.run("\"order-\\(.n)/\\(.m)\"", record) == ["\"order-9007199254740993/12345678901234567890\""])
            #expect(try JQ.run("{(.n | tostring): .m}", record) == ["{\"9007199254740993\":12345678901234567890}"])
            #expect(try JQ.run(".n | tostring | tonumber", record) == [Self.big])
            #expect(try JQ.run("tojson", record) == ["\"{\\\"n\\\":9007199254740993,\\\"m\\\":12345678901234567890}\""])
            #expect(try JQ.run("[.n, .m] | @csv", record) == ["\"9007199254740993,12345678901234567890\""])
        }

        @Test("numbers that one double stands for are not equal, and equal ones are")
        func equality() throws {
            let record = #"{"a":100000000000000001,"b":100000000000000002,"c":100000000000000001.0,"d":1e17}"#
            #expect(try JQ.run(".a == .b", record) == ["false"])
            #expect(try JQ.run(".a < .b, .d < .a", record) == ["true", "true"])
            #expect(try JQ.run(".a == .c", record) == ["true"])
            #expect(try JQ.run("[.b, .a, .c] | unique | length", record) == ["2"])
            #expect(try JQ.run("[.b, .a, .d] | max", record) == ["100000000000000002"])
            #expect(try JQ.run("[.b, .a] | group_by(.) | map(length)", record) == ["[1,1]"])
        }

        @Test("texts that have the digits of a number are left as they are, and compared with its digits")
        func digits() throws {
            let record = "{\"id\":\(Self.big),\"id_str\":\"\(Self.big)\",\"note\":\"(\(Self.big))\"}"
            #expect(try JQ.run(".", record) == [record])
            #expect(try JQ.run("(.id | tostring) == .id_str", record) == ["true"])
            #expect(try JQ.run("select(.id_str | startswith(\"x\") | not) | .note", record) == ["\"(\(Self.big))\""])
            #expect(try JQ.run(".id | tostring | endswith(\"x\"), test(\"^[0-9]+$\")", record) == ["false", "true"])
        }

        /// A number of 40 digits, one with 35 behind the point, and one that jq would write with an exponent.
        private static let long = [
            big, "-12345678901234567890", "1234567890123456789012345678901234567890",
            "3.14159265358979323846264338327950288", "0.00000012345678901234567890",
        ]

        @Test(
            "a program that makes a text of a number, and cuts it or decides by it, does so by the digits of the record",
            arguments: long)
        func textOfDigits(_ number: String) throws {
            let middle = String(number.dropFirst(3).dropLast(3))
            let questions: [(String, String)] = [
                ("length", "\(number.count)"), ("length > 18", "\(number.count > 18)"), (".[3:-3]", "\"\(middle)\""),
                (".[4:5] == \"\(Array(number)[4])\"", "true"), ("contains(\"\(middle)\")", "true"),
                ("endswith(\"\(number.suffix(14))\")", "true"), ("startswith(\"\(number.prefix(14))\")", "true"),
                ("test(\"^-?[0-9.]{\(number.hasPrefix("-") ? number.count - 1 : number.count)}$\")", "true"),
                ("split(\"\(middle)\") | length", "2"), (". == \"\(number)\"", "true"),
                ("ltrimstr(\"\(number.prefix(3))\") | rtrimstr(\"\(number.suffix(3))\")", "\"\(middle)\""),
                ("{\"\(number)\": \"found\"}[.]", "\"found\""),
                ("explode | map([.] | implode) | add", "\"\(number)\""), ("[scan(\".\")] | length", "\(number.count)"),
            ]
            let texts = [
                "tostring", "tojson", "\"\\(.)\"", "@text", "@json", "[.] | @csv", "[., 1] | @tsv | .[:-2]", "@sh",
                "@html",
                "[.] | join(\",\")", "[{id: .}] | INDEX(.id) | keys[0]", "@base64 | @base64d",
            ]
            for text in texts {
                let program = ".n | \(text) | [\(questions.map { "(\($0.0))" }.joined(separator: ", "))]"
                let expected = "[\(questions.map(\.1).joined(separator: ","))]"
                #expect(try JQ.run(program, "{\"n\":\(number)}") == [expected], "\(text)")
            }
        }

        @Test("a value that is made a text has the digits of the record inside, and texts in it are left as they are")
        func jsonOfDigits() throws {
            let record = "{\"a\":[\(Self.big),\"9007199254740991\"],\"b\":1.50}"
            #expect(
                try JQ.run("tojson", record) == [
                    #""{\"a\":[9007199254740993,\"9007199254740991\"],\"b\":1.5}""#
                ])
            #expect(try JQ.run(".a | tostring | length", record) == ["37"])
            #expect(
                try JQ.run(#".a | @csv, @tsv, @sh"#, record) == [
                    #""9007199254740993,\"9007199254740991\"""#, #""9007199254740993\t9007199254740991""#,
                    #""9007199254740993 '9007199254740991'""#,
                ])
            #expect(try JQ.run("[.a[0], nan, null, true] | @csv", record) == [#""9007199254740993,,,true""#])
        }

        @Test("a failure has the digits of the record, in a text and in a value")
        func failureWithDigits() throws {
            let record = "{\"n\":\(Self.big)}"
            #expect(try JQ.run(#"error("no \(.n)")"#, record) == ["jq: no \(Self.big)"])
            #expect(try JQ.run("error({id: .n})", record) == ["jq: {\"id\":\(Self.big)}"])
        }

        @Test("a program that fails for some numbers only does not fail by the one that stands in")
        func failsForSome() throws {
            // The first of its stand-ins is even.
            let answer = try JQ.run("if .n % 2 == 0 then error(\"even\") else .n end", "{\"n\":1234567890123456789}")
            #expect(answer[0].hasPrefix("jq-number: "), "\(answer)")
        }

        @Test(
            "a text that a program makes a number of keeps its digits, as if it were one in the record",
            arguments: [
                ("tonumber", "\"9007199254740993\"", "9007199254740993"),
                ("tonumber | [., -1]", "\"12345678901234567890123\"", "[12345678901234567890123,-1]"),
                ("tonumber | tostring | length", "\"12345678901234567890123\"", "23"),
                ("tonumber", "\"0.12345678901234567890123\"", "0.12345678901234567890123"),
                ("tonumber", "\"1e400\"", "1e400"), ("tonumber", "\"1e-400\"", "1e-400"),
                (".[0:9] + .[9:] | tonumber", "\"900719925474099312\"", "900719925474099312"),
                ("fromjson", #""{\"a\":[9007199254740993,1.5]}""#, #"{"a":[9007199254740993,1.5]}"#),
                ("fromjson | .a", #""{\"a\":\"9007199254740993\"}""#, #""9007199254740993""#),
                ("fromjson | fromjson", #""\"9007199254740993\"""#, "9007199254740993"),
                (
                    "[.[] | tonumber] | .[0] == .[1], .[1] < .[2]",
                    #"["100000000000000001","100000000000000001.0","100000000000000002"]"#, "true|true"
                ),
                ("(.a | tonumber) == .b", #"{"a":"9007199254740993","b":9007199254740993}"#, "true"),
                ("map(tonumber? // .)", #"["x","19.99","9007199254740993"]"#, #"["x",19.99,9007199254740993]"#),
                ("tonumber", "\"19.990\"", "19.99"), ("tonumber", "\"0000000000000000012\"", "12"),
                ("tonumber", "\" 12 \"", "12"), ("tonumber", "12", "12"), ("tonumber", "\"0.00000\"", "0"),
                ("try tonumber catch \"no\"", "\"x9007199254740993\"", "\"no\""),
                ("tojson | fromjson", "[9007199254740993,10.5]", "[9007199254740993,10.5]"),
            ])
        func numberOfText(_ program: String, _ record: String, _ expected: String) throws {
            #expect(try JQ.run(program, record).joined(separator: "|") == expected)
        }

        @Test(
            "a text that a program makes a number of and computes with fails the record",
            arguments: [
                ("tonumber + 1", "\"9007199254740993\""), ("tonumber > 9007199254740992", "\"9007199254740993\""),
                ("fromjson | add", #""[9007199254740993,1]""#), ("tonumber", "\"009007199254740993\""),
                ("tonumber", "\".12345678901234567890\""),
                ("try (tonumber * 2) catch 1", "\"9007199254740993\""),
            ])
        func roundsText(_ program: String, _ record: String) throws {
            let answer = try JQ.run(program, record)
            #expect(answer.first?.hasPrefix("jq-number: the program ") == true, "\(answer)")
        }

        @Test("a program does not reach what its prelude asks the host")
        func questions() throws {
            #expect(try JQ.run("[\"numbers\", .] | debug", "1") == ["[\"numbers\",1]"])
            #expect(try JQ.run("_sluice_numbers", "{\"n\":1}") == ["\"{\\\"n\\\":1}\""])
            #expect(try JQ.run("now", "1", time: 5) == ["5"])
        }

        @Test(
            "a number in the program that jq would round is a mistake, unless it is in a text or a comment",
            arguments: [
                (".n == 9007199254740993", JQMistakePlace(1, 7)),
                (".a |\n  . + 0.12345678901234567890", JQMistakePlace(2, 7)),
                ("\"a \\(1 + (12345678901234567891)) b\"", JQMistakePlace(1, 11)),
                ("\"9007199254740993\"", nil), (". # 9007199254740993", nil), (".a9007199254740993", nil),
                ("$__loc__.line + 1e1000 + 9007199254740992 + 0.1 + 1e18", nil), ("\"\\(\"9007199254740993\")\"", nil),
            ] as [(String, JQMistakePlace?)])
        func literals(_ program: String, _ expected: JQMistakePlace?) throws {
            let mistakes = JQLiterals.mistakes(in: program)
            #expect(mistakes.map { JQMistakePlace($0.line, $0.column) } == (expected.map { [$0] } ?? []))
        }

        @Test("a time in the output does not keep a large number from passing")
        func now() throws {
            #expect(
                try JQ.run("{n, at: now}", "{\"n\":\(Self.big)}", time: 12.5) == ["{\"n\":\(Self.big),\"at\":12.5}"])
        }

        @Test("digits in text are no numbers, and are left as they are")
        func digitsInText() throws {
            let record = #"{"a":"9007199254740993","b":"\"10.00","c":"1e5\\","9007199254740993":1}"#
            #expect(try JQ.run(".", record) == [record])
            #expect(record.utf8.withContiguousStorageIfAvailable { AwkwardNumber.all(in: $0).isEmpty } == true)
        }

        @Test(
            "decimals compare by value",
            arguments: [
                ("10.00", "1e1", 0), ("0.1", "0.10", 0), ("-1", "1", -1), ("-2", "-1", -1), ("0", "-0.5", 1),
                ("0", "0.001", -1),
                ("9007199254740993", "9007199254740992", 1), ("1e999999999999999999999", "1e5", 1), ("0e5", "0", 0),
                ("123e-2", "1.23", 0), ("0.00012", "1.2e-4", 0),
            ])
        func decimals(_ one: String, _ other: String, _ expected: Int) {
            let (one, other) = (DecimalNumber(one.utf8), DecimalNumber(other.utf8))
            #expect((one < other ? -1 : one == other ? 0 : 1) == expected)
            #expect((other < one) == (expected == 1))
        }
    }
}
