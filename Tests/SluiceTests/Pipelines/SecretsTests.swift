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
