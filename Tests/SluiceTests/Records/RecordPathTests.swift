import Testing

@testable import Sluice

@Suite("Record paths")
struct RecordPathTests {
    private typealias Selector = RecordPath.Selector

    @Test(
        "every way to write one value is read",
        arguments: [
            ("$", []),
            ("$.a", [.name("a")]),
            ("$.a.b_1", [.name("a"), .name("b_1")]),
            ("$._x", [.name("_x")]),
            ("$.ünï.日本", [.name("ünï"), .name("日本")]),
            ("$.😀", [.name("😀")]),
            (#"$['a b']["c"][0][-1]"#, [.name("a b"), .name("c"), .index(0), .index(-1)]),
            (#"$[ "a" ] .b [ 7 ]"#, [.name("a"), .name("b"), .index(7)]),
            (#"$['it\'s']["say \"x\""]"#, [.name("it's"), .name(#"say "x""#)]),
            (#"$["it's"]['"']"#, [.name("it's"), .name("\"")]),
            (#"$['\b\f\n\r\t\/\\']"#, [.name("\u{8}\u{C}\n\r\t/\\")]),
            (#"$['\u00e9\uD83D\uDE00']"#, [.name("é😀")]),
            ("$['']", [.name("")]),
            ("$['$.a']", [.name("$.a")]),
            ("$[9007199254740991]", [.index(9_007_199_254_740_991)]),
        ] as [(String, [RecordPath.Selector])])
    func reads(_ text: String, _ selectors: [RecordPath.Selector]) throws {
        let path = try RecordPath(parsing: text)
        #expect(path.selectors == selectors)
        #expect(path.text == text)
    }

    @Test(
        "a mistake says where, and what was expected",
        arguments: [
            ("", 0, "$.customer_id"), ("customer_id", 0, "'$.customer_id'"), (".a", 0, "starts with '$'"),
            ("$a", 1, "'.' or '['"), ("$.", 2, "a name"), ("$.1", 2, "a name"), ("$.a-b", 3, "['…']"),
            ("$.a b", 4, "'.' or '['"), ("$.a ", 3, "space"), ("$..a", 2, "many values"), ("$.*", 2, "many values"),
            ("$[*]", 2, "many values"), ("$[?@.a]", 2, "many values"), ("$[0:1]", 3, "slice"), ("$[:1]", 2, "many"),
            ("$['a','b']", 5, "many values"), ("$[0,1]", 3, "many values"), ("$[a]", 2, "in quotes"), ("$[", 2, "ends"),
            ("$[0", 3, "']'"), ("$['a'", 5, "']'"), ("$['a", 4, "closing quote"), ("$[01]", 2, "index"),
            ("$[-0]", 2, "index"), ("$[-]", 2, "index"), ("$[9007199254740992]", 2, "index"),
            ("$[99999999999999999999]", 2, "index"), (#"$['\x']"#, 3, "escape"), (#"$['\"']"#, 3, "escape"),
            (#"$['\uD800']"#, 3, "surrogate"), (#"$['\u12']"#, 3, "four"), (#"$['\"#, 4, "ends"),
            ("$['a\u{1}']", 4, "control"), ("$.a]", 3, "['…']"), ("$.é.b c", 6, "'.' or '['"),
        ])
    func mistakes(_ text: String, _ offset: Int, _ message: String) {
        let mistake = #expect(throws: RecordPath.Mistake.self) { try RecordPath(parsing: text) }
        #expect(mistake?.offset == offset)
        #expect(mistake?.message.contains(message) == true, "\(mistake?.message ?? "")")
    }

    @Test(
        "a path finds its value",
        arguments: [
            ("$.a", #"{"a":1}"#, "1"), ("$.a.b", #"{"a":{"b":"x"}}"#, #""x""#), ("$.a[1]", #"{"a":[1,[2]]}"#, "[2]"),
            ("$.a[-1]", #"{"a":[1,2]}"#, "2"), ("$[0].a", #"[{"a":true}]"#, "true"), ("$", "[ 1 ]", "[ 1 ]"),
            ("$.a", #"{"a":1,"a":2}"#, "2"), ("$.a.b", #"{"a":{"b":1},"a":{"b":2}}"#, "2"),
            (#"$['a b']"#, #"{"a\u0020b":7}"#, "7"), ("$.a", #"{"a":null}"#, "null"),
        ])
    func finds(_ path: RecordPath, _ record: String, _ expected: String) {
        #expect(path.find(in: Bytes(record))?.bytes.text == expected)
    }

    @Test(
        "where there is nothing, or the record is not JSON from end to end, it finds nothing",
        arguments: [
            ("$.a", "{}"), ("$.a", "[1]"), ("$.a", "1"), ("$.a.b", #"{"a":1}"#), ("$.a[0]", #"{"a":{}}"#),
            ("$[1]", "[1]"), ("$[-2]", "[1]"), ("$.a.b", #"{"a":{"b":1},"a":3}"#), ("$.a", #"{"a":1"#),
            ("$.a", #"{"a":1} x"#), ("$.a", ""), ("$", "nope"),
        ])
    func findsNothing(_ path: RecordPath, _ record: String) {
        #expect(path.find(in: Bytes(record)) == nil)
    }
}
