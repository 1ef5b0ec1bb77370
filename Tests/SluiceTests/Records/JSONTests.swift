import Testing

@testable import Sluice

@Suite("JSON")
struct JSONTests {
    private func value(_ text: String) throws -> JSONValue { try JSONValue(parsing: Bytes(text)) }

    @Test(
        "what RFC 8259 allows is JSON",
        arguments: [
            "{}", "[]", " \t\r\n{ } \n", #""""#, "0", "-0", "-0.0e-0", "1E+2", "123456789012345678901234567890",
            "1e999999", "[[],[{}]]", #"{"":0}"#, #"{"a":1,"a":2}"#, "true", "false", "null", #""\u0000""#,
            #""\"\\\/\b\f\n\r\t\uABcd""#, #""\uD83D\uDE00""#, "\"\u{7F}\"", "\"ü€😀\"", "\"\u{FFFF}\u{10FFFF}\"",
            #"["\u2028", "\uFFFF"]"#, #"{"a":{"b":[1,{"c":null}]},"d":[[]]}"#,
        ])
    func accepts(_ text: String) throws {
        #expect(throws: Never.self) { try value(text) }
    }

    @Test(
        "what it does not allow is a mistake at the byte where it goes wrong",
        arguments: [
            ("", 0), ("   ", 3), ("{", 1), ("[", 1), ("[1", 2), ("[1,", 3), ("[,1]", 1), ("[1,]", 3), ("[1 2]", 3),
            (#"{"a"}"#, 4), (#"{"a":}"#, 5), (#"{"a":1,}"#, 7), (#"{a:1}"#, 1), (#"{"a":1 "b":2}"#, 7), ("{1:2}", 1),
            ("{,}", 1), (#"{"a":1]"#, 6), ("[1}", 2), ("]", 0), ("}", 0), ("1 2", 2), ("{}x", 2), ("[]]", 2),
            ("01", 1), ("-", 1), ("-a", 1), ("1.", 2), ("1.e1", 2), (".5", 0), ("+1", 0), ("1e", 2), ("1e+", 3),
            ("0x1", 1), ("1_0", 1), ("NaN", 0), ("-Infinity", 1), ("tru", 3), ("trux", 3), ("nul", 3), ("True", 0),
            ("'a'", 0), (#"""#, 1), (#""a"#, 2), (#""\"#, 2), (#""\x""#, 1), (#""\u12""#, 1), (#""\u12g4""#, 1),
            ("\"\n\"", 1), ("\"\t\"", 1), ("\"\u{0}\"", 1), ("\"12345678\u{1F}\"", 9), ("{}\u{0}", 2), ("\u{0}{}", 0),
            (#""\uD800""#, 1), (#""\uDC00""#, 1), (#""\uDC00\uDC00""#, 1), (#""\uD800\u0041""#, 1), (#""\uD800x""#, 1),
            ("\u{FEFF}{}", 0),
            ("\u{A0}1", 0), ("[1] // no", 4), ("[1/**/]", 2),
        ])
    func rejects(_ text: String, _ offset: Int) throws {
        let mistake = #expect(throws: JSONMistake.self) { try value(text) }
        #expect(mistake?.offset == offset)
    }

    @Test(
        "bytes that are not UTF-8 are a mistake",
        arguments: [
            [0xFF], [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98],
            [0xE2, 0x28, 0xA1],
            [0xF0, 0x9F, 0x28, 0x80],
        ] as [[UInt8]])
    func rejectsBadUTF8(_ bytes: [UInt8]) throws {
        let closed = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
        let mistake = #expect(throws: JSONMistake.self) { try JSONValue(parsing: closed[...]) }
        #expect(mistake == JSONMistake(offset: 1, reason: .invalidUTF8))
        #expect(throws: JSONMistake.self) { try JSONValue(parsing: closed.dropLast()) }
    }

    @Test("a thousand levels are read, one more is a mistake, a million do not overflow the stack")
    func depth() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: #"{"a":["#, count: levels / 2) + String(repeating: "]}", count: levels / 2)
        }
        #expect(throws: Never.self) { try value(nested(1_000)) }
        #expect(throws: JSONMistake(offset: 3_000, reason: .tooDeep)) {
            try value("[" + nested(1_000).dropFirst(0) + "]")
        }
        #expect(throws: JSONMistake(offset: 1_000, reason: .tooDeep)) {
            try value(String(repeating: "[", count: 1_000_000))
        }
        #expect(try value("[" + nested(998) + "," + nested(998) + "]").elements.count { _ in true } == 2)
    }

    @Test("objects and arrays take turns at every depth", arguments: [1, 63, 64, 65, 128, 129, 200])
    func turns(_ depth: Int) throws {
        let text =
            String(repeating: "[", count: depth) + #"{"a":1},[1,2],{"b":{}}"# + String(repeating: "]", count: depth)
        #expect(throws: Never.self) { try value(text) }
    }

    @Test("a string is compared with its text, escapes decoded")
    func comparison() throws {
        func isText(_ string: String, _ text: String) throws -> Bool {
            try Bytes(string).withScanner { (scanner) throws(JSONMistake) in
                let span = try scanner.value()
                return scanner.isText(of: span, Array(text.utf8))
            }
        }
        #expect(try isText(#""ab""#, "ab") && isText(#""\u0061b""#, "ab"))
        #expect(try !isText(#""ab""#, "ac") && !isText(#""\u0061b""#, "ac") && !isText(#""ab""#, "abc"))
    }

    @Test("a mistake says what stands there and what was expected")
    func messages() throws {
        func message(_ text: String) -> String? {
            #expect(throws: JSONMistake.self) { try value(text) }?.description
        }
        #expect(message(#"{"a":1"#) == "not JSON: unexpected end at byte 6")
        #expect(message(#"{"a" 1}"#) == "not JSON: '1' at byte 5, where ':' was expected")
        #expect(message("[1,\u{7F}]") == "not JSON: byte 0x7F at byte 3, where a value was expected")
        #expect(message("\u{FEFF}{}") == "not JSON: a byte order mark at byte 0; write UTF-8 without one")
    }

    @Test("offsets count from the start of the record, wherever it lies in its buffer")
    func offsetsInASlice() throws {
        let buffer = Array(#"xxx{"a":}yyy"#.utf8)
        let mistake = #expect(throws: JSONMistake.self) { try JSONValue(parsing: buffer[3..<9]) }
        #expect(mistake?.offset == 5)
        let good = Array(#"xxx{"a":[7]}yyy"#.utf8)
        #expect(try JSONValue(parsing: good[3..<12]).member("a")?.element(0)?.scalarText == "7")
    }

    @Test("members come in the order written, the last of a name counts")
    func members() throws {
        let object = try value(#" {"b": 1, "a" :{"x":[]}, "b":"z", "\u0061b":null}"#)
        #expect(object.members.map(\.name) == ["b", "a", "b", "ab"])
        #expect(object.members.map(\.value.bytes.text) == ["1", #"{"x":[]}"#, #""z""#, "null"])
        #expect(object.member("b")?.string == "z")
        #expect(object.member("ab")?.kind == .null)
        #expect(object.member("c") == nil)
        #expect(try value("[1]").members.map(\.name).isEmpty)
        #expect(try value("{}").members.map(\.name).isEmpty)
    }

    @Test("names are equal by code point, not by how they look")
    func nameEquality() throws {
        let object = try value("{\"e\u{301}\":1,\"\u{e9}\":2}")
        #expect(object.member("\u{e9}")?.scalarText == "2")
        #expect(object.member("e\u{301}")?.scalarText == "1")
    }

    @Test("elements are found from both ends")
    func elements() throws {
        let array = try value("[10, [11], 12 ]")
        #expect(array.elements.map(\.bytes.text) == ["10", "[11]", "12"])
        #expect(array.element(-1)?.scalarText == "12")
        #expect(array.element(-3)?.scalarText == "10")
        #expect(array.element(3) == nil)
        #expect(array.element(-4) == nil)
        #expect(try value("{}").element(0) == nil)
    }

    @Test("a string's text has its escapes decoded")
    func text() throws {
        #expect(try value(#""a\"\\\/\b\f\n\r\tz""#).string == "a\"\\/\u{8}\u{C}\n\r\tz")
        #expect(try value(#""\u00fc\u20AC\uD83D\uDE00\u0000""#).string == "ü€😀\u{0}")
        #expect(try value("\"ü€😀 plain\"").string == "ü€😀 plain")
        #expect(try value("12").string == nil)
    }

    @Test("a scalar's text is what people call it; null, objects and arrays name nothing")
    func scalarText() throws {
        let expected: [(String, String?)] = [
            (#""a\n""#, "a\n"), ("12345678901234567890.10", "12345678901234567890.10"), ("-0", "-0"), ("true", "true"),
            ("false", "false"), ("null", nil), ("{}", nil), ("[1]", nil), (#""""#, ""),
        ]
        for (json, text) in expected { #expect(try value(json).scalarText == text) }
    }
}
