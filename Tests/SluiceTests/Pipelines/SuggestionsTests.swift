import Testing

@testable import Sluice

@Suite("Suggestions")
struct SuggestionsTests {
    @Test(
        "the nearest word is suggested, and none where none is near",
        arguments: [
            ("tabel", "table"), ("concurency", "concurrency"), ("batchWindow", "batch_window"), ("KEY", "key"),
            ("rat", "rate"), ("zzz", nil), ("", nil), (String(repeating: "a", count: 1_000), nil),
        ] as [(String, String?)])
    func nearest(_ word: String, _ expected: String?) {
        let keys = ["table", "key", "concurrency", "batch_window", "rate"]
        #expect(Suggestions.nearest(to: word, among: keys) == expected)
    }

    @Test("a swap of neighbours is one slip")
    func distance() {
        #expect(Suggestions.distance(Array("abc"), Array("acb")) == 1)
        #expect(Suggestions.distance(Array(""), Array("abc")) == 3)
        #expect(Suggestions.distance(Array("kitten"), Array("sitting")) == 3)
    }

    @Test("every spelling of AWS leads to keys that exist")
    func serviceSpellings() {
        let paths = Set(definitionReference.map(\.path))
        for (spelling, keys) in Suggestions.serviceSpellings {
            for key in keys { #expect(paths.contains(key), "\(spelling) leads to \(key)") }
        }
    }
}
