import Testing

@testable import Sluice

@Suite("What intake reads of a raw record")
struct IntakeReaderTests {
    private let reader = IntakeReader(
        id: "$.order", group: "$.customer",
        subject: [
            "customer": SubjectPath(["$.customer"]),
            "email": SubjectPath(["$.to.mail", "$.cc[0]"], normalise: [.trim, .lower]),
        ])

    private func values(_ fields: IntakeFields) -> [String] { fields.subjectValues.map { "\($0.kind)=\($0.value)" } }

    @Test("name, group and persons, in one pass")
    func all() {
        let fields = reader.read(Bytes(#"{"order":17,"customer":"c1","to":{"mail":" Ann@X.org "},"cc":["BOB@x.org"]}"#))
        #expect(fields.name == "17")
        #expect(fields.group == "c1")
        #expect(values(fields) == ["customer=c1", "email=ann@x.org", "email=bob@x.org"])
        #expect(!fields.missingSubject)
    }

    @Test("a person found at two paths is one person")
    func once() {
        let fields = reader.read(Bytes(#"{"to":{"mail":"A@x"},"cc":["a@x"]}"#))
        #expect(values(fields) == ["email=a@x"])
    }

    @Test(
        "null, containers and empty text are missing, and so is all of a record that is not JSON",
        arguments: [
            "{}", #"{"order":null,"customer":null}"#, #"{"order":{},"customer":[1]}"#, #"{"order":"","customer":""}"#,
            #"{"order":1,"customer":2"#, #"{"order":1,"customer":2}}"#, "[1]", "7", "", "\u{0}",
            #"{"order":1,"order":null,"customer":2,"customer":{}}"#,
        ])
    func missing(_ record: String) {
        let fields = reader.read(Bytes(record))
        #expect(fields.name == nil)
        #expect(fields.group == nil)
        #expect(fields.subjectValues.isEmpty)
        #expect(fields.missingSubject)
    }

    @Test("of members with one name the last counts, escaped names too")
    func duplicates() {
        let fields = reader.read(Bytes(#"{"order":1,"\u006frder":2,"customer":true,"to":{"mail":"a","mail":"b"}}"#))
        #expect(fields.name == "2")
        #expect(fields.group == "true")
        #expect(values(fields) == ["customer=true", "email=b"])
    }

    @Test("a definition that asks nothing reads nothing")
    func nothing() {
        let reader = IntakeReader(id: nil, group: nil, subject: [:])
        #expect(reader.isEmpty)
        #expect(!reader.read(Bytes("not JSON")).missingSubject)
    }

    @Test("paths that do not start with a name are read too")
    func arrays() {
        let reader = IntakeReader(id: "$", group: "$[0].g", subject: [:])
        #expect(reader.read(Bytes(#"[{"g":"x"}]"#)).group == "x")
        #expect(reader.read(Bytes(#""alone""#)).name == "alone")
    }

    @Test("normalisations apply in the order written, to any script")
    func normalisation() {
        #expect(SubjectPath.Normalisation.trim.applied(to: "\u{A0} ÄB \n") == "ÄB")
        #expect(SubjectPath.Normalisation.trim.applied(to: " \t ") == "")
        #expect(SubjectPath.Normalisation.lower.applied(to: "ÄBΣ") == "äbσ")
    }
}
