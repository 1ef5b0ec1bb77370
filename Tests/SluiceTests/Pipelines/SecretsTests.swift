import Testing

@testable import Sluice

@Suite("Secrets")
struct SecretsTests {
    @Test("a secret is masked wherever it stands, the longest first")
    func masks() {
        var secrets = Secrets()
        for secret in ["abcd", "abcdef", "", "abcd"] { secrets.insert(secret) }
        #expect(secrets.mask("xabcdefx abcd abcde") == "x***x *** ***e")
    }

    @Test("a secret of several lines is masked line by line too, but for lines that are too short to tell")
    func lines() {
        var secrets = Secrets()
        secrets.insert("-----BEGIN KEY-----\nMIIBVgIBADANBg\n=\n-----END KEY-----\n")
        #expect(secrets.mask("key: MIIBVgIBADANBg\r") == "key: ***\r")
        #expect(secrets.mask("a = b") == "a = b")
    }

    @Test("lines are masked without the space around them, and a line that is short without it is none")
    func indented() {
        var secrets = Secrets()
        secrets.insert("{\n    \"key\": \"MIIBVgIB\",\n      }\n}")
        #expect(secrets.mask("\"key\": \"MIIBVgIB\",") == "***")
        #expect(secrets.mask("      }") == "      }")
    }

    @Test("half of a secret is masked where a text was cut, but for three characters or fewer")
    func cut() {
        var secrets = Secrets()
        secrets.insert("hunter2-hunter2-hunter2")
        #expect(secrets.mask("the key is hunter2-hunt", end: .cut) == "the key is ***")
        #expect(secrets.mask("the key is hunter2-hunter2-hunter2", end: .cut) == "the key is ***")
        #expect(secrets.mask("he is a hunt", end: .cut) == "he is a ***")
        #expect(secrets.mask("he is a hun", end: .cut) == "he is a hun")
    }

    @Test("a text that nobody is known to have cut ends in half of a secret where eight characters are equal")
    func open() {
        var secrets = Secrets()
        secrets.insert("hunter2-hunter2-hunter2")
        #expect(secrets.mask("the key is hunter2-", end: .open) == "the key is ***")
        #expect(secrets.mask("he is a hunter", end: .open) == "he is a hunter")
        #expect(secrets.mask("the key is hunter2-", end: .whole) == "the key is hunter2-")
    }

    @Test("an ellipsis is where a text was cut, wherever it stands")
    func ellipsis() {
        var secrets = Secrets()
        secrets.insert("hunter2-hunter2-hunter2")
        #expect(secrets.mask("no hunter2-hunt…") == "no ***…")
        #expect(secrets.mask("no hunter2-hunt…\n  line 2: hunter2…") == "no ***…\n  line 2: ***…")
        #expect(secrets.mask("…") == "…")
    }

    @Test("a cut within a character hides no half of a secret")
    func cutCharacter() {
        var secrets = Secrets()
        secrets.insert("schlüssel-schlüssel")
        let half = String(decoding: Array("der schlüssel-schlü".utf8).dropLast(), as: UTF8.self)
        #expect(secrets.mask(half, end: .cut) == "der ***")
        #expect(secrets.mask(half + "…") == "der ***…")
    }

    @Test("of two secrets that overlap nothing is left")
    func overlapping() {
        var secrets = Secrets()
        for secret in ["xyabc", "abcdef"] { secrets.insert(secret) }
        #expect(secrets.mask("-xyabcdef- xyabcxyabc") == "-***- ******")
    }

    @Test("a short secret is masked where it stands alone")
    func short() {
        var secrets = Secrets()
        secrets.insert("1")
        #expect(secrets.mask("password 1, 10 records, '1'") == "password ***, 10 records, '***'")
    }

    @Test("passwords of URLs are masked, known or not")
    func urls() {
        let secrets = Secrets()
        #expect(
            secrets.mask("postgres://me:p:a@ss@host/db and http://x:y@z, https://host:80/a@b")
                == "postgres://me:***@host/db and http://x:***@z, https://host:80/a@b")
        #expect(Secrets.passwords(inURLsOf: "a://b:c@d e://f@g h://i:@j") == ["c"])
    }
}
