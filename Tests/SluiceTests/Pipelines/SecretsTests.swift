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

    @Test("half of a secret at the end of a text that was cut is masked")
    func cut() {
        var secrets = Secrets()
        secrets.insert("hunter2-hunter2-hunter2")
        #expect(secrets.maskCut("the key is hunter2-hunt") == "the key is ***")
        #expect(secrets.maskCut("the key is hunter2-hunter2-hunter2") == "the key is ***")
        #expect(secrets.maskCut("he is a hunter") == "he is a hunter")
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
