import Testing

@testable import SluiceServer

@Suite("Which hosts a server without credentials answers to")
struct HostRuleTests {
    private let rule = HostRule(allowed: ["sluice.internal"])

    @Test(
        "names of this machine",
        arguments: [
            "localhost", "LOCALHOST:4566", "127.0.0.1", "127.0.0.1:4566", "127.1.2.3", "[::1]:4566", "sqs.localhost",
            "x.127.0.0.1:80", "sqs.eu-west-1.localhost.localstack.cloud:4566", "localhost.localstack.cloud",
            "sluice.internal:4566", "",
        ])
    func own(host: String) {
        #expect(rule.allows(host: host))
        if !host.isEmpty { #expect(rule.allows(origin: "http://\(host)")) }
    }

    @Test(
        "names of others",
        arguments: [
            "example.com", "localhost.example.com", "127.0.0.1.example.com", "evil-localhost", "10.0.0.1", "0.0.0.0",
            "notlocalhost.localstack.cloud", "[::2]", "127.0.0.256", ":80",
        ])
    func others(host: String) {
        #expect(!rule.allows(host: host))
        #expect(!rule.allows(origin: "http://\(host)"))
    }

    @Test("a page without an origin of its own is another's", arguments: ["null", "", "http://", "file://"])
    func origins(origin: String) { #expect(!rule.allows(origin: origin)) }
}

@Suite("Where a server listens")
struct ListenAddressTests {
    @Test(
        "addresses are read",
        arguments: [
            ("127.0.0.1:4566", "127.0.0.1", 4_566), ("localhost:0", "localhost", 0), (":80", "0.0.0.0", 80),
            ("*:80", "0.0.0.0", 80), ("[::1]:9", "::1", 9), ("::1", "::1", 4_566), ("10.0.0.1", "10.0.0.1", 4_566),
        ])
    func read(text: String, host: String, port: Int) {
        #expect(ListenAddress(text) == ListenAddress(host: host, port: port))
    }

    @Test("what is none is refused", arguments: ["127.0.0.1:x", "a:70000", "a:-1", "[::1]:"])
    func refused(text: String) { #expect(ListenAddress(text) == nil) }

    @Test("loopback is told from what others reach")
    func loopback() {
        for host in ["127.0.0.1", "localhost", "::1", "127.9.9.9"] {
            #expect(ListenAddress(host: host, port: 1).isLoopback)
        }
        for host in ["0.0.0.0", "::", "10.0.0.1", "example.com"] {
            #expect(!ListenAddress(host: host, port: 1).isLoopback)
        }
    }
}
