import Sluice
import Testing

@testable import SluiceApp

@Suite("Files that are no definition")
struct HostileYAMLTests {
    private func mistakes(_ bytes: [UInt8]) -> [String] {
        switch YAMLText(bytes: bytes, path: "f").documents() {
        case .success: []
        case .failure(let mistake): [mistake.description]
        }
    }

    private func mistakes(_ text: String) -> [String] { mistakes(Array(text.utf8)) }

    @Test("nothing in a file is a mistake", arguments: ["", "\n", "# only words\n", "---\n---\n", "\u{FEFF}"])
    func empty(_ text: String) {
        let result = DefinitionReader(environment: [:]).read(text: text, name: "f")
        #expect(
            result.mistakes.map(\.description) == [
                "f:1:1: there is no definition in it; expected 'pipeline', 'source' and 'deliver'"
            ])
    }

    @Test("a byte order mark is no part of the text")
    func byteOrderMark() {
        let result = DefinitionReader(environment: [:]).read(text: "\u{FEFF}pipeline: P", name: "f")
        #expect(result.mistakes.last?.description.hasPrefix("f:1:11: pipeline: 'P' has the character 'P'") == true)
    }

    @Test("what is not YAML is told with its place")
    func notYAML() {
        #expect(
            mistakes("a: [1,\n") == [
                "f:2:1: this is not YAML: while parsing a flow node: did not find expected node content; expected YAML"
            ])
        #expect(
            mistakes("a:\n\tb: 1\n") == [
                "f:2:1: this is not YAML: while scanning for the next token: found character that cannot start any token; "
                    + "indent with spaces, not tabs, and put a value that begins with a special character in quotes"
            ])
        #expect(
            mistakes("a: *b\n") == ["f:1:4: this is not YAML: found undefined alias; expected '&name' before '*name'"])
        #expect(
            mistakes("a: 1\nb: 2\na: 3\n") == [
                "f:1:1: 'a' is written more than once in one map; expected each key once"
            ])
        #expect(mistakes("a: !Ref b\n") == ["f:1:4: the tag '!Ref' means nothing here; leave it out"])
        #expect(mistakes("? [a]\n: b\n") == ["f:1:3: a key is a list or a map; expected a word"])
        #expect(mistakes("<<: 5\n") == ["f:1:5: '<<' merges maps only; expected a map, or an alias of one"])
        #expect(
            mistakes("a: \u{0}b\n") == ["f:1:4: this is not YAML: control characters are not allowed; expected YAML"])
    }

    @Test("what is not UTF-8 is told with its place")
    func notUTF8() {
        #expect(
            mistakes(Array("a: 1\nü: ".utf8) + [0xFF, 0x41]) == ["f:2:4: the text is not in UTF-8; save it in UTF-8"])
        #expect(mistakes([0xFF, 0xFE, 0x61, 0x00]) == ["f:1:1: the file is in UTF-16; save it in UTF-8"])
    }

    @Test("aliases of aliases are bounded, as values and as keys")
    func aliasBomb() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let alias = "*a\(level - 1)"
            bomb += "a\(level): &a\(level) [\(Array(repeating: alias, count: 9).joined(separator: ", "))]\n"
        }
        #expect(
            mistakes(bomb).map { $0.split(separator: ": ", maxSplits: 1)[1] } == [
                "the file stands for too many values, with its aliases; expected a definition"
            ])
        for key in ["? *a30\n: 1\n", "*a30 : 1\n", "[*a30]: 1\n", "{*a30: 1, b: 2} : 1\n"] {
            #expect(mistakes(bomb + key).first?.contains("a key that is no word") == true)
        }
    }

    @Test("interpolations before a colon are no keys", arguments: ["to: a${B}:c", "to: \"${B}:${C}\""])
    func interpolationIsNoKey(_ line: String) {
        let anchors = "x: &a 1\ny: [" + Array(repeating: "*a", count: 40).joined(separator: ", ") + "]\n"
        #expect(mistakes(anchors + line + "\n") == [])
    }

    @Test("deep nesting is bounded")
    func nesting() {
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(mistakes("a: \(deep)\n") == ["f:1:67: the values are nested more than 64 deep; expected a definition"])
        #expect(mistakes("a: " + String(repeating: "[", count: 200_000)).count == 1)
        #expect(mistakes("a: " + String(repeating: "{", count: 200_000)).count == 1)
        #expect(mistakes(String(repeating: "- ", count: 200_000)).count == 1)
    }

    @Test("a definition with random damage is read or refused, never more")
    func damage() {
        let sample = Array(
            """
            x-a: &a {first: 1s, max: 15m}
            pipeline: orders
            source: [{queue: orders-in}]
            subject: {customer: {path: [$.a, $.b], normalise: [trim]}}
            queue: {type: fifo, group: $.c, retention: 14d, visibility_timeout: auto}
            transform: {function: f, backoff: *a, errors: [{match: "/a+/", then: reject}]}
            deliver:
              <<: {rate: 500/s}
              to: "${DB:-sqlite:x}"
              table: 't'
              columns: {a: "numeric(12,2)"}
            """.utf8)
        let seeds: [UInt8] = Array("{}[]:,-?*&!|>'\"%@`#\n \t$/.0aé\u{0}".utf8) + [0xFF, 0xC3]
        var generator = SplitMix(state: 42)
        for _ in 0..<4_000 {
            var bytes = sample
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[position] = seeds.randomElement(using: &generator) ?? 0
                case 1: bytes.insert(seeds.randomElement(using: &generator) ?? 0, at: position)
                case 2: bytes.removeSubrange(position..<min(bytes.count, position + 5))
                default: bytes += bytes[position...].prefix(20)
                }
                if bytes.isEmpty { bytes = [0x61] }
            }
            if case .success(let documents) = YAMLText(bytes: bytes, path: "f").documents() {
                for document in documents {
                    let variables = DefinitionVariables.ofThisMachine(environment: [:], folder: "/", secrets: false)
                    let read = Definition.read(document, variables: variables, root: nil)
                    _ = read.definition.explanationText
                    for mistake in read.findings.mistakes { #expect(!mistake.description.contains("\n")) }
                }
            }
        }
    }
}

/// The same numbers in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
