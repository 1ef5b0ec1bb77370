import Sluice
import Testing

@Suite("The fingerprint of a failure")
struct FingerprintTests {
    private func fingerprint(_ reason: String) -> String {
        Failure(reason: reason, type: "T", step: "transform", time: Timestamp(milliseconds: 0)).fingerprint
    }

    @Test(
        "leaves out numbers and quoted values",
        arguments: [
            ("cents is null in row 17", "cents is null in row #"), ("took 30.5 s", "took #.# s"),
            ("٤٢ rows", "# rows"), (#"no column "tip" in it"#, #"no column "…" in it"#),
            ("`a` is not `b`", "`…` is not `…`"), ("it's not there", "it's not there"),
            ("unclosed \"17", "unclosed \""), ("", ""), ("é🇸🇪e\u{301} 1", "é🇸🇪e\u{301} #"),
        ])
    func shape(reason: String, expected: String) {
        #expect(fingerprint(reason) == "transform|T|\(expected)")
    }

    @Test("of a long reason is that of its beginning")
    func long() {
        #expect(fingerprint(String(repeating: "x", count: 400)) == fingerprint(String(repeating: "x", count: 301)))
    }
}
