import Foundation
import Testing

@testable import Sluice

@Suite("The event of an invocation")
struct FunctionEventTests {
    @Test("the firehose event is Amazon Data Firehose's, byte for byte")
    func firehose() throws {
        let event = try ContractFixture().sent(["Hello", "", "{\"é\":1}"]).text
        #expect(
            event == "{\"invocationId\":\"2b4d1ad9-7c1e-4f0a-9d3b-0a1b2c3d4e5f\","
                + "\"deliveryStreamArn\":\"arn:aws:firehose:eu-west-1:000000000000:deliverystream/orders\","
                + "\"region\":\"eu-west-1\",\"records\":["
                + "{\"recordId\":\"2b4d1ad9-0\",\"approximateArrivalTimestamp\":1507217624302,\"data\":\"SGVsbG8=\"},"
                + "{\"recordId\":\"2b4d1ad9-1\",\"approximateArrivalTimestamp\":1507217624303,\"data\":\"\"},"
                + "{\"recordId\":\"2b4d1ad9-2\",\"approximateArrivalTimestamp\":1507217624304,"
                + "\"data\":\"eyLDqSI6MX0=\"}]}")
        #expect(throws: Never.self) { try JSONValue(parsing: Bytes(event)) }
    }

    @Test("the json event holds each record as it is written")
    func json() throws {
        let event = try ContractFixture(contract: .json).sent([" {\"a\" : 1.50 }\n", "\"x\"", "null"]).text
        #expect(
            event == "{\"records\":[{\"id\":\"2b4d1ad9-0\",\"record\":{\"a\" : 1.50 }},"
                + "{\"id\":\"2b4d1ad9-1\",\"record\":\"x\"},{\"id\":\"2b4d1ad9-2\",\"record\":null}]}")
    }

    @Test("with contract json a record that is not JSON is rejected alone, and the others are sent")
    func notJSON() throws {
        let (event, reader) = try ContractFixture(contract: .json).sent(["{\"a\":1", "2", ""])
        #expect(event == "{\"records\":[{\"id\":\"2b4d1ad9-1\",\"record\":2}]}")
        let answer = "{\"records\":[{\"id\":\"2b4d1ad9-1\",\"result\":\"Ok\",\"record\":3}]}"
        let answers = try reader.answers(in: Bytes(answer)).get()
        #expect(answers.map(\.word) == ["reject not-json", "[3]", "reject not-json"])
        #expect(
            answers[0].problem?.reason
                == "it is not JSON, which 'contract: json' sends to the function: unexpected end at byte 6")
        let forged = "{\"records\":[{\"id\":\"2b4d1ad9-0\",\"result\":\"Dropped\"}]}"
        #expect(reader.answers(in: Bytes(forged)).words == ["all: bad-answer"], "it was not sent")
    }

    @Test("where no record can be sent there is no invocation")
    func nothing() {
        guard case .nothing(let answers) = ContractFixture(contract: .json).event("x", "y") else {
            Issue.record("it was sent")
            return
        }
        #expect(answers.map(\.word) == ["reject not-json", "reject not-json"])
    }

    @Test("more than 6 MB is no event", arguments: Transform.Contract.allCases)
    func tooLarge(_ contract: Transform.Contract) {
        let body = Array("\"\(String(repeating: "x", count: 1_000_000))\"".utf8)[...]
        let fixture = ContractFixture(contract: contract)
        guard case .tooLarge(let problem) = fixture.event(Array(repeating: body, count: 7)) else {
            Issue.record("it is taken")
            return
        }
        #expect(problem.type == "too-large")
        #expect(problem.remedy == .retry)
        #expect(problem.reason.contains("more than 6291456, the limit of Lambda: write a smaller 'batch'"))
        guard case .send = fixture.event(Array(repeating: body, count: 4)) else {
            Issue.record("four of them are refused")
            return
        }
    }

    @Test("ids are read back, and nothing else is taken for one")
    func ids() {
        let ids = RecordIDs(invocation: "2B-4d1ad9ff", count: 12)
        for index in 0..<12 {
            var text: [UInt8] = []
            ids.append(index, to: &text)
            #expect(String(decoding: text, as: UTF8.self) == "2B4d1ad9-\(index)")
            #expect(ids.index(of: text) == index)
        }
        let wrong = [
            "", "-", "2B4d1ad9-", "2B4d1ad9-12", "2B4d1ad9-01", "2B4d1ad9-1x", "2B4d1ad9--1", "2b4d1ad9-1", "1",
            "2B4d1ad9-99999999999999999999", "2B4d1ad9-+1",
        ]
        for text in wrong { #expect(ids.index(of: text.utf8) == nil, "\(text)") }
    }

    @Test("base64 is written and read as Foundation does", arguments: 0...67)
    func base64(count: Int) throws {
        let bytes = Bytes((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ count) })
        var text: [UInt8] = []
        Base64.append(bytes, to: &text)
        #expect(String(decoding: text, as: UTF8.self) == Data(bytes).base64EncodedString())
        #expect(try text.withUnsafeBufferPointer { try Base64.decode($0) } == Array(bytes))
    }

    @Test(
        "what is not base64 says what it is",
        arguments: [
            ("SGVsbG8", "is not base64: it has 7 characters, and base64 with its padding has a multiple of 4"),
            ("SGVs\nbG8=", "is not base64 in one line: it has a line break at character 4"),
            ("_-8=", "is not base64 in the standard alphabet but URL-safe base64: it has a '_' at character 0"),
            ("SGVsbG8= ", "is not base64: it has '=' at character 7"),
            ("====", "is not base64: it has '=' at character 0"), ("A===", "is not base64: it has '=' at character 1"),
            ("{\"a\":1}", "is not base64: it has '{' at character 0"),
            ("é", "is not base64: it has byte 0xC3 at character 0"),
            ("SGVs=", "is not base64: it has 5 characters, and base64 with its padding has a multiple of 4"),
        ])
    func notBase64(text: String, expected: String) {
        let bytes = Array(text.utf8)
        #expect(throws: Base64.Mistake(description: expected)) {
            try bytes.withUnsafeBufferPointer { (text) throws(Base64.Mistake) in try Base64.decode(text) }
        }
    }
}
