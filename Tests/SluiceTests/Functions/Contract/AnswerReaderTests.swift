import Testing

@testable import Sluice

@Suite("How an answer is read")
struct AnswerReaderTests {
    private let firehose = ContractFixture()
    private let json = ContractFixture(contract: .json)

    /// An answer for the first record, beside a good one for the second.
    private func first(_ members: String, _ fixture: ContractFixture? = nil) throws -> RecordAnswer {
        let fixture = fixture ?? firehose
        let id = fixture.contract == .firehose ? "recordId" : "id"
        let answer =
            "{\"records\":[{\"\(id)\":\"@0\"\(members.isEmpty ? "" : ",")\(members)},"
            + "{\"\(id)\":\"@1\",\"result\":\"Dropped\"}]}"
        let answers = try fixture.read(answer).get()
        #expect(answers.count == 2)
        #expect(answers.last == .outputs([]), "its neighbour is not concerned")
        return try #require(answers.first)
    }

    @Test("each record gets the outcome that carries its id, in whatever order they are answered")
    func each() throws {
        let result = try firehose.read(
            """
            {"more": [], "records": [
              {"recordId": "@2", "result": "Ok", "data": "Qw==", "metadata": {"partitionKeys": {"customer": "42"}}},
              {"result": "Dropped", "recordId": "@0"},
              {"recordId": "@1", "result": "ProcessingFailed", "data": "QQ=="}
            ]}
            """, records: 3)
        #expect(result.words == ["[]", "retry ProcessingFailed", "[C]"])
    }

    @Test("a list in data is several outputs, in order; an empty one leaves the record out")
    func lists() throws {
        #expect(try first("\"result\":\"Ok\",\"data\":[\"QQ==\",\"Qg==\",\"\"]").word == "[A, B, ]")
        #expect(try first("\"result\":\"Ok\",\"data\":[]") == .outputs([]))
        #expect(try first("\"result\":\"Ok\",\"record\":[{\"a\": 1}, 2]", json).word == "[{\"a\": 1}, 2]")
        #expect(try first("\"result\":\"Ok\",\"record\":[]", json) == .outputs([]))
        #expect(try first("\"result\":\"Ok\",\"record\":{\"a\": 1.50}", json).word == "[{\"a\": 1.50}]")
    }

    @Test("data is whatever base64 stands for, with slashes escaped or not")
    func bytes() throws {
        #expect(
            try first("\"result\":\"Ok\",\"data\":\"\\/\\/79AA==\"")
                == .outputs([[0xFF, 0xFE, 0xFD, 0x00]]))
    }

    @Test(
        "one trailing newline of JSON is no part of the record, and of anything else it is",
        arguments: [
            ("{\"a\":1}\n", "{\"a\":1}"), ("{\"a\":1}\r\n", "{\"a\":1}"), ("1\n\n", "1\n"),
            ("{\"a\":1\n", "{\"a\":1\n"),
            ("plain text\n", "plain text\n"), ("\n", "\n"), ("{} ", "{} "),
        ])
    func newline(output: String, expected: String) throws {
        var data: [UInt8] = []
        Base64.append(Bytes(output), to: &data)
        let text = String(decoding: data, as: UTF8.self)
        #expect(try first("\"result\":\"Ok\",\"data\":\"\(text)\"") == .outputs([Bytes(expected)]))
    }

    @Test("a failure has the function's own words, and is final where it says so")
    func failures() throws {
        let told = try first(
            "\"result\":\"ProcessingFailed\",\"errorType\":\"NoStock\",\"errorMessage\":\"none \\u00fcber\"")
        #expect(told.problem == Problem(reason: "none über", type: "NoStock", remedy: .retry))
        let final = try first("\"result\":\"ProcessingFailed\",\"retryable\":false,\"errorMessage\":{\"code\":7}")
        #expect(final.problem == Problem(reason: "{\"code\":7}", type: "ProcessingFailed", remedy: .reject))
        let silent = try first("\"result\":\"ProcessingFailed\",\"retryable\":true,\"errorMessage\":null", json)
        #expect(
            silent.problem
                == Problem(
                    reason: "the function could not transform it, and did not say why", type: "ProcessingFailed",
                    remedy: .retry))
    }

    @Test("a record whose id is left out fails alone")
    func unaccounted() throws {
        let result = try firehose.read("{\"records\":[{\"recordId\":\"@1\",\"result\":\"Dropped\"}]}")
        #expect(result.words == ["retry unaccounted", "[]"])
        #expect(result.reason == "the function did not account for it")
        #expect(try firehose.read("{\"records\":[]}").words == ["retry unaccounted", "retry unaccounted"])
    }

    @Test("a record whose id is repeated fails alone, whatever is said about it")
    func repeated() throws {
        let again = "{\"recordId\":\"@0\",\"result\":\"Dropped\"}"
        let result = try firehose.read(
            "{\"records\":[\(again),{\"recordId\":\"@1\",\"result\":\"Dropped\"},\(again),\(again)]}")
        #expect(result.words == ["retry repeated-answer", "[]"])
        #expect(result.reason == "the function answered for it more than once")
    }

    @Test(
        "an id that nobody has, or none, fails the whole invocation: nobody can tell whose answer it was",
        arguments: [
            ("{\"recordId\":\"@2\",\"result\":\"Dropped\"}", "answered for '2b4d1ad9-2', which is no record"),
            ("{\"recordId\":\"0f0f0f0f-0\",\"result\":\"Dropped\"}", "answered for '0f0f0f0f-0', which is no record"),
            ("{\"recordId\":0,\"result\":\"Dropped\"}", "element 1 of \"records\" in the function's answer has no"),
            ("{\"id\":\"@0\",\"result\":\"Dropped\"}", "element 1 of \"records\" in the function's answer has no"),
            ("null", "element 1 of \"records\" in the function's answer is null"),
        ])
    func unknown(element: String, expected: String) throws {
        let result = try firehose.read("{\"records\":[{\"recordId\":\"@0\",\"result\":\"Dropped\"},\(element)]}")
        #expect(result.words == ["all: bad-answer"])
        #expect(result.reason?.contains(expected) == true, "\(result.reason ?? "")")
        #expect(result.reason?.hasSuffix("with the \"recordId\" of each record it was given once") == true)
    }

    @Test(
        "an answer that cannot be used fails its record alone",
        arguments: [
            (
                "\"result\":\"OK\",\"data\":\"QQ==\"", "unknown-result",
                "its \"result\" 'OK' is unknown; expected \"Ok\""
            ),
            ("\"data\":\"QQ==\"", "unknown-result", "its \"result\" is missing; expected"),
            ("\"result\":1", "unknown-result", "its \"result\" is a number; expected"),
            ("\"result\":\"Ok\"", "no-data", "its result is \"Ok\" and it has no \"data\""),
            ("\"result\":\"Ok\",\"data\":null", "no-data", "its result is \"Ok\" and it has no \"data\""),
            (
                "\"result\":\"Ok\",\"data\":\"{}\"", "not-base64",
                "its \"data\" is not base64: it has '{' at character 0"
            ),
            ("\"result\":\"Ok\",\"data\":\"QQ\"", "not-base64", "its \"data\" is not base64: it has 2 characters"),
            ("\"result\":\"Ok\",\"data\":{\"a\":1}", "not-base64", "its \"data\" is an object, where base64"),
            ("\"result\":\"Ok\",\"data\":[\"QQ==\",7]", "not-base64", "its \"data\" is a number, where base64"),
        ])
    func unusable(members: String, type: String, reason: String) throws {
        let problem = try #require(try first(members).problem)
        #expect(problem.type == type)
        #expect(problem.remedy == .retry)
        #expect(problem.reason.hasPrefix(reason), "\(problem.reason)")
    }

    @Test("with contract json an Ok without a record fails alone")
    func noRecord() throws {
        #expect(try first("\"result\":\"Ok\",\"data\":\"QQ==\"", json).word == "retry no-data")
        #expect(try first("\"result\":\"Ok\",\"record\":null", json).word == "retry no-data")
    }

    @Test(
        "what tells nothing of any record fails the whole invocation",
        arguments: [
            ("", "the function answered nothing;"), (" \n", "the function answered nothing;"),
            ("null", "the function answered null;"), ("{}", "the function's answer has no \"records\";"),
            ("[]", "the function answered a list;"), ("\"ok\"", "the function answered a text;"),
            ("{\"statusCode\":200}", "the function's answer has no \"records\";"),
            ("{\"records\":{}}", "\"records\" of the function's answer is an object;"),
            ("{\"records\":null}", "\"records\" of the function's answer is null;"),
            ("{\"records\":[", "the function's answer is not JSON: unexpected end at byte 12;"),
            ("{\"records\":[]} x", "the function's answer is not JSON: more text after the end"),
            ("<html>", "the function's answer is not JSON: '<' at byte 0"),
        ])
    func nothing(answer: String, reason: String) throws {
        let result = try firehose.read(answer)
        #expect(result.words == ["all: bad-answer"])
        #expect(result.reason?.hasPrefix(reason) == true, "\(result.reason ?? "")")
    }

    @Test("an answer of more than 6 MB fails the whole invocation")
    func tooLarge() throws {
        let padding = String(repeating: " ", count: 6 << 20)
        #expect(try firehose.read("{\"records\":[]}" + padding).words == ["all: too-large"])
    }

    @Test(
        "with answers aws nothing, null and {} are success of all, unconfirmed", arguments: ["", "null", "{}", " { } "])
    func aws(answer: String) throws {
        #expect(try ContractFixture(answers: .aws).read(answer).words == ["unconfirmed", "unconfirmed"])
        #expect(try firehose.read(answer).words == ["all: bad-answer"], "strictly it is a failure")
    }

    @Test("with answers aws everything else is read as strictly as ever")
    func awsIsStrict() throws {
        let aws = ContractFixture(answers: .aws)
        #expect(try aws.read("{\"records\":[]}").words == ["retry unaccounted", "retry unaccounted"])
        #expect(try aws.read("{\"statusCode\":200}").words == ["all: bad-answer"])
        #expect(try aws.read("[]").words == ["all: bad-answer"])
        let (_, reader) = try ContractFixture(contract: .json, answers: .aws).sent(["{", "1"])
        #expect(reader.answers(in: Bytes("null")).words == ["reject not-json", "unconfirmed"], "it was not sent")
    }

    @Test("a damaged answer accounts for every record or fails as a whole", arguments: Transform.Contract.allCases)
    func damaged(_ contract: Transform.Contract) throws {
        let fixture = ContractFixture(contract: contract, answers: .aws)
        let (_, reader) = try fixture.sent(["1", "2", "3"])
        let good =
            contract == .firehose
            ? "{\"records\":[{\"recordId\":\"2b4d1ad9-0\",\"result\":\"Ok\",\"data\":[\"QQ==\",\"\\/\\/8=\"]}]}"
            : "{\"records\":[{\"id\":\"2b4d1ad9-0\",\"result\":\"Ok\",\"record\":[{\"a\":1},null]}]}"
        let bytes = Array(good.utf8)
        for place in bytes.indices {
            for replacement in [0x00, 0x22, 0x2C, 0x30, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0xC3] as [UInt8] {
                var damaged = bytes
                damaged[place] = replacement
                for answer in [damaged[...], damaged[..<place], damaged[place...]] {
                    switch reader.answers(in: answer) {
                    case .success(let answers): #expect(answers.count == 3)
                    case .failure(let problem): #expect(problem.remedy == .retry)
                    }
                }
            }
        }
    }
}
