import Sluice
import Testing

@testable import SluiceWire

@Suite("The MD5s of SQS")
struct MessageDigestsTests {
    private func attribute(_ name: String, _ type: String, _ value: String) -> MessageAttribute {
        MessageAttribute(name: name, type: type, value: .text(Bytes(value)))
    }

    @Test("attributes have the digests that AWS has answered")
    func attributes() {
        #expect(
            MessageDigests.attributes([attribute("MyAttribute", "String", "foobar")])
                == "adb59cd4678ea5a855436b949cd07ab6")
        #expect(
            MessageDigests.attributes([attribute("timestamp", "Number", "1493147359900")])
                == "235c5c510d26fb653d073faed50ae77c")
        #expect(
            MessageDigests.attributes([
                attribute("General", "String", "Kenobi"), attribute("Help.Me", "String", "Me"),
                attribute("Hello", "String", "There"),
            ]) == "4c360f3fdafd970e05fae2f149d997f5")
        #expect(MessageDigests.attributes([]) == nil)
    }

    @Test("a binary one, too")
    func binary() {
        let value = Array("traceparent\u{1e}00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01".utf8)
        #expect(
            MessageDigests.attributes([MessageAttribute(name: "attr1", type: "Binary", value: .binary(value[...]))])
                == "8cbe4db156db8a94db8b801b7addb984")
    }

    @Test("a trace header has the digest that AWS has answered")
    func trace() {
        #expect(
            MessageDigests.traceHeader(
                "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
                == "5ae4d5d7636402d80f4eb6d213245a88")
    }

    @Test("a body")
    func body() { #expect(MessageDigests.body(Bytes("hello")) == "5d41402abc4b2a76b9719d911017c592") }
}
