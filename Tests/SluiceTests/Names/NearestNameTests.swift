import Testing

@testable import Sluice

@Suite("The nearest name")
struct NearestNameTests {
    @Test(
        "the nearest word is suggested, and none where none is near",
        arguments: [
            ("tabel", "table"), ("concurency", "concurrency"), ("batchWindow", "batch_window"), ("KEY", "key"),
            ("rat", "rate"), ("zzz", nil), ("", nil), (String(repeating: "a", count: 1_000), nil),
        ] as [(String, String?)])
    func nearest(_ word: String, _ expected: String?) {
        let keys = ["table", "key", "concurrency", "batch_window", "rate"]
        #expect(NearestName.to(word, among: keys) == expected)
    }

    @Test("a swap of neighbours is one slip")
    func distance() {
        #expect(NearestName.distance(Array("abc"), Array("acb")) == 1)
        #expect(NearestName.distance(Array(""), Array("abc")) == 3)
        #expect(NearestName.distance(Array("kitten"), Array("sitting")) == 3)
    }

    @Test("of several equally near the first in the alphabet is taken, whatever order they come in")
    func ties() {
        #expect(NearestName.to("orderz", among: ["orderx", "ordera", "orderb"]) == "ordera")
        #expect(NearestName.hint(for: "ordrs", among: ["orders"]) == "; did you mean 'orders'?")
        #expect(NearestName.hint(for: "ordrs", among: ["shop"]) == "")
    }
}
