import Foundation
import Sluice
import Testing

@Suite("The identity of a record")
struct RecordIdentityTests {
    @Test(
        "equal texts are equal identities, whichever way they came about",
        arguments: [
            "0b4c2a6e-7d7a-4b7e-9c55-0a1b2c3d4e5f", "drop/a.csv@v1#7", "0B4C2A6E-7D7A-4B7E-9C55-0A1B2C3D4E5F",
            "drop/a#1/2@b.csv@0123456789abcdef0123456789abcdef#7", "drop/a@0123456789abcdef0123456789abcdef#07",
            "drop/a@0123456789abcdef0123456789abcdef#99999999999999999999", "drop/a@0123456789abcdef0123456789abcdef",
        ])
    func equalTexts(text: String) throws {
        var identity = RecordIdentity(text)
        #expect(identity.text == text)
        identity = identity.output(0).output(12)
        #expect(identity.text == text + "/0/12")
        #expect(identity == RecordIdentity(text + "/0/12"))
        let coded = try JSONDecoder().decode(RecordIdentity.self, from: try JSONEncoder().encode(identity))
        #expect(coded == identity)
    }

    @Test("a message's identity is its id as text")
    func message() throws {
        let id = try #require(MessageID("0b4c2a6e-7d7a-4b7e-9c55-0a1b2c3d4e5f"))
        #expect(RecordIdentity(id) == RecordIdentity(id.description))
        #expect(RecordIdentity(id).text == id.description)
    }

    @Test("a record of an object is known by the object's version and its number in it")
    func object() {
        let object = ObjectVersion(bucket: "drop", key: "in/a#1.csv", version: "0123456789abcdef0123456789abcdef")
        let identity = RecordIdentity(object, 41)
        #expect(identity.text == "drop/in/a#1.csv@0123456789abcdef0123456789abcdef#41")
        #expect(RecordIdentity(identity.text) == identity)
        #expect(RecordIdentity(identity.text + "/0/3") == identity.output(0).output(3))
    }

    @Test("what only begins like an id is a name")
    func notAnID() {
        let text = "0b4c2a6e-7d7a-4b7e-9c55-0a1b2c3d4e5fx"
        #expect(RecordIdentity(text).text == text)
        #expect(RecordIdentity(text) != RecordIdentity("0b4c2a6e-7d7a-4b7e-9c55-0a1b2c3d4e5f"))
    }
}
