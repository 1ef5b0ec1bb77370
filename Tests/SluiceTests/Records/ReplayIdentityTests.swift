import Sluice
import Testing

@Suite("Identities of replays")
struct ReplayIdentityTests {
    @Test(
        "are read as they are written",
        arguments: [
            "eee3df00-fef0-4244-bb37-8fbe79171f64~3", "eee3df00-fef0-4244-bb37-8fbe79171f64~12/0/3",
            "drop/a~9#1@0123456789abcdef0123456789abcdef#7~3", "drop/a@0123456789abcdef0123456789abcdef#0~1/2",
        ])
    func text(_ text: String) {
        let identity = RecordIdentity(text)
        #expect(identity.text == text)
        #expect(identity.replay > 0)
        #expect(identity.raw.replay == 0)
        #expect(RecordIdentity(identity.raw.text) == identity.raw)
        #expect(RecordIdentity(identity.output(5).text) == identity.output(5))
    }

    @Test(
        "what only looks like one is a name",
        arguments: [
            "eee3df00-fef0-4244-bb37-8fbe79171f64~0", "eee3df00-fef0-4244-bb37-8fbe79171f64~03", "x~3",
            "eee3df00-fef0-4244-bb37-8fbe79171f64~3x", "drop/a@0123456789abcdef0123456789abcdef#7~",
        ])
    func names(_ text: String) {
        #expect(RecordIdentity(text).text == text)
        #expect(RecordIdentity(text).replay == 0)
    }

    @Test("a replayed object is announced under its version and the number")
    func announced() {
        let object = ObjectVersion(bucket: "drop", key: "a~1/b", version: "0123456789abcdef0123456789abcdef")
        let identity = RecordIdentity(of: object)
        #expect(identity.announcedObject == object.description)
        #expect(identity.replayed(by: 12).announcedObject == object.description)
        #expect(identity.replayed(by: 12).text == "\(object)~12")
    }

    @Test("conditions compare texts, and say what is wrong with them")
    func conditions() throws {
        let record = Bytes(#"{"a":42,"b":{"c":"x=y"},"d":null}"#)
        for text in ["$.a=42", "$.b.c=x=y", "$.a!=43", "$.d!=", "$.none!=1", " $.a =42"] {
            #expect(try [ReplayCondition(parsing: text)].hold(for: record), "\(text)")
        }
        for text in ["$.a=43", "$.none=1", "$.d=null"] {
            #expect(try ![ReplayCondition(parsing: text)].hold(for: record), "\(text)")
        }
        #expect(try ![ReplayCondition(parsing: "$.a=1")].hold(for: Bytes("no JSON")))
        let object = ObjectVersion(bucket: "drop", key: "a=b", version: "0123456789abcdef0123456789abcdef")
        for (text, isIn, isMessage) in [
            ("meta.object=drop/a=b", true, false), ("meta.object=\(object)", true, false),
            ("meta.object!=drop/a=b", false, true), ("meta.object=drop/a", false, false), ("$.a=1", true, true),
        ] {
            let conditions = [try ReplayCondition(parsing: text)]
            #expect(conditions.hold(forObject: object) == isIn, "\(text)")
            #expect(conditions.hold(forObject: nil) == isMessage, "\(text)")
            #expect(conditions[0].text == text)
        }
        for text in ["", "a", "=3", "$.*=1", "$.a"] {
            #expect(throws: ReplayCondition.Mistake.self, "\(text)") { try ReplayCondition(parsing: text) }
        }
    }
}
