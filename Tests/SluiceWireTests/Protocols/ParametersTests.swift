import Sluice
import Testing

@testable import SluiceWire

@Suite("Parameters of both protocols")
struct ParametersTests {
    private static let json = """
        {"QueueUrl":"http://h/1/q","N":3,"Text":"a\\"\\u00e4","Nothing":null,"Names":["x","y"],
         "Attributes":{"A":"1","B":"2"},"Entries":[{"Id":"1","Values":{"k":{"DataType":"Binary","BinaryValue":"AAE="}}}]}
        """
    private static let query = """
        QueueUrl=http%3A%2F%2Fh%2F1%2Fq&N=3&Text=a%22%C3%A4&Name.2=y&Name.1=x&Attribute.1.Name=A&Attribute.1.Value=1\
        &Attribute.2.Name=B&Attribute.2.Value=2&Entry.1.Id=1&Entry.1.Value.1.Name=k&Entry.1.Value.1.Value.DataType=Binary\
        &Entry.1.Value.1.Value.BinaryValue=AAE%3D
        """

    private static let names = ParameterName("Names", query: "Name")
    private static let attributes = ParameterName("Attributes", query: "Attribute")
    private static let entries = ParameterName("Entries", query: "Entry")
    private static let values = ParameterName("Values", query: "Value")

    private static func both() throws -> [Parameters] {
        [.json(try JSONParameters(body: Bytes(json))), .query(try QueryParameters(form: Bytes(query)))]
    }

    @Test("texts, numbers, lists, maps and structures are the same in both")
    func same() throws {
        for parameters in try Self.both() {
            #expect(try parameters.text(ParameterName("QueueUrl")) == "http://h/1/q")
            #expect(try parameters.text(ParameterName("Text")) == "a\"ä")
            #expect(try parameters.integer(ParameterName("N")) == 3)
            #expect(try parameters.text(ParameterName("Nothing")) == nil)
            #expect(try parameters.texts(Self.names) == ["x", "y"])
            #expect(try parameters.texts(ParameterName("Others", query: "Other")) == [])
            let map = try #require(try parameters.map(Self.attributes))
            #expect(map.map(\.key) == ["A", "B"])
            #expect(map.map(\.value) == ["1", "2"])
            let entry = try #require(try parameters.structures(Self.entries)?.first)
            #expect(try entry.text(ParameterName("Id")) == "1")
            let value = try #require(try entry.structureMap(Self.values).first)
            #expect(value.key == "k")
            #expect(try value.value.blob(ParameterName("BinaryValue")) == [0, 1])
        }
    }

    @Test("a value of another kind is said, with its name")
    func kinds() throws {
        let parameters = Parameters.json(try JSONParameters(body: Bytes(#"{"A":1,"B":"x","C":[1]}"#)))
        for read in [
            { _ = try parameters.text(ParameterName("A")) }, { _ = try parameters.integer(ParameterName("B")) },
            { _ = try parameters.texts(ParameterName("C")) }, { _ = try parameters.map(ParameterName("C")) },
            { _ = try parameters.structures(ParameterName("A")) },
        ] {
            #expect(throws: ParameterFault.self) { try read() }
        }
    }

    @Test("what is no JSON, or no structure, is a fault", arguments: ["{", "[]", "1", "{\"a\":}", "\u{FEFF}{}"])
    func noJSON(body: String) {
        #expect(throws: ParameterFault.self) { try JSONParameters(body: Bytes(body)) }
    }

    @Test("an empty body is a structure without members")
    func empty() throws {
        #expect(try JSONParameters(body: []).bytes("A") == nil)
        #expect(try QueryParameters(form: []).bytes("A") == nil)
    }

    @Test(
        "an incomplete escape stands for itself",
        arguments: [("a%", "a%"), ("%4", "%4"), ("%zz", "%zz"), ("a+b", "a b")])
    func escapes(form: String, text: String) throws {
        #expect(try QueryParameters(form: Bytes("v=\(form)")).bytes("v")?.text == text)
    }

    @Test("names that go too deep are refused")
    func depth() {
        let name = Array(repeating: "a", count: 50).joined(separator: ".")
        #expect(throws: ParameterFault.self) { try QueryParameters(form: Bytes("\(name)=1")) }
    }
}

@Suite("Answers of both protocols")
struct AnswerWriterTests {
    private func answer(_ wire: WireProtocol, _ write: (inout AnswerWriter) -> Void) -> String {
        var writer = AnswerWriter(wire, action: "Do", namespace: "urn:x")
        write(&writer)
        writer.finish(requestID: "id", hasResult: true)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static let head = #"<?xml version="1.0"?><DoResponse xmlns="urn:x">"#
    private static let tail = "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DoResponse>"

    @Test("fields, lists, maps and structures")
    func fields() {
        let write = { (writer: inout AnswerWriter) in
            writer.text(ParameterName("A"), "x<\"&\r\n")
            writer.integer(ParameterName("N"), 3)
            writer.texts(ParameterName("Urls", query: "Url"), ["1", "2"])
            writer.map(ParameterName("Attributes", query: "Attribute"), [("k", "v")])
            writer.structures(ParameterName("Entries", query: "Entry"), count: 1) { answer, _ in
                answer.text(ParameterName("Id"), "e")
            }
            writer.structureMap(ParameterName("Values", query: "Value"), [("k", [UInt8]([0, 1]))]) {
                $0.blob(ParameterName("BinaryValue"), $1[...])
            }
        }
        #expect(
            answer(.json, write) == """
                {"A":"x<\\"&\\u000d\\u000a","N":3,"Urls":["1","2"],"Attributes":{"k":"v"},"Entries":[{"Id":"e"}],\
                "Values":{"k":{"BinaryValue":"AAE="}}}
                """)
        #expect(
            answer(.query, write) == Self.head + """
                <DoResult><A>x&lt;&quot;&amp;&#xD;\n</A><N>3</N><Url>1</Url><Url>2</Url>\
                <Attribute><Name>k</Name><Value>v</Value></Attribute><Entry><Id>e</Id></Entry>\
                <Value><Name>k</Name><Value><BinaryValue>AAE=</BinaryValue></Value></Value></DoResult>
                """ + Self.tail)
    }

    @Test("empty lists and maps are not written")
    func empty() {
        let write = { (writer: inout AnswerWriter) in
            writer.texts(ParameterName("Urls", query: "Url"), [])
            writer.map(ParameterName("Attributes", query: "Attribute"), [])
        }
        #expect(answer(.json, write) == "{}")
        #expect(answer(.query, write) == Self.head + "<DoResult/>" + Self.tail)
    }

    @Test("an action without a result has an empty body in JSON, and no result element in XML")
    func noResult() {
        for (wire, expected) in [(WireProtocol.json, ""), (.query, Self.head + Self.tail)] {
            var writer = AnswerWriter(wire, action: "Do", namespace: "urn:x")
            writer.finish(requestID: "id", hasResult: false)
            #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
        }
    }

    @Test("an error has its name in each")
    func error() {
        let error = SQSError.queueDoesNotExist
        #expect(
            String(decoding: error.body(.json, requestID: "id", xmlNamespace: "urn:x"), as: UTF8.self)
                == #"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#)
        #expect(
            String(decoding: error.body(.query, requestID: "id", xmlNamespace: "urn:x"), as: UTF8.self)
                == #"<?xml version="1.0"?><ErrorResponse xmlns="urn:x"><Error><Type>Sender</Type><Code>"#
                + "AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist for this wsdl "
                + "version.</Message><Detail/></Error><RequestId>id</RequestId></ErrorResponse>")
    }

    @Test(
        "characters that XML cannot carry are told, and replaced",
        arguments: [("a\u{1}", false), ("\u{FFFE}", false), ("\t\r\nä\u{1F600}", true), ("\u{7F}", true)])
    func characters(text: String, isAllowed: Bool) {
        #expect(XMLCharacters.allowed(Bytes(text)) == isAllowed)
        #expect(XMLCharacters.allowed(XMLCharacters.repaired(Bytes(text))))
    }

    @Test("bytes that are no text are replaced")
    func bytes() {
        #expect(!XMLCharacters.allowed([0xFF, 0x61][...]))
        #expect(XMLCharacters.repaired([0xFF, 0x61][...]) == Array("\u{FFFD}a".utf8))
    }
}
