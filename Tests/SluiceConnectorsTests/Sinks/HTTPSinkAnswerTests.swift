import NIOHTTP1
import Sluice
import Testing

@testable import SluiceConnectors

@Suite("What an answer means to the HTTP sink", .timeLimit(.minutes(4)))
struct HTTPSinkAnswerTests {
    private func outcomes(
        _ answer: HTTPServer.Answer, errors: [ErrorRule] = []
    ) async throws -> (one: String, three: String, reason: String) {
        let server = try await HTTPServer.start { _, _ in answer }
        let sink = try server.sink(errors: errors)
        let one = await outcome(sink, numbered(0..<1))
        let three = await outcome(sink, numbered(1..<4))
        await sink.close()
        try await server.stop()
        return (one.word, three.word, one.reason)
    }

    @Test("2xx is delivered", arguments: [200, 201, 202, 204, 207])
    func good(_ status: Int) async throws {
        let words = try await outcomes(.init(status: status))
        #expect(words.one == "written" && words.three == "written")
    }

    @Test("what is wrong with a record rejects it, and halves a batch", arguments: [400, 409, 415, 422])
    func wrong(_ status: Int) async throws {
        let words = try await outcomes(.init(status: status, body: "no such colour"))
        #expect(words.one == "rejected [0]" && words.three == "halve")
        #expect(words.reason.hasSuffix("answers \(status): no such colour"))
    }

    @Test("413 rejects a record, and makes batches smaller")
    func tooLarge() async throws {
        let words = try await outcomes(.init(status: 413))
        #expect(words.one == "rejected [0]" && words.three == "smaller")
    }

    @Test(
        "what is wrong with the setting or the service opens the breaker",
        arguments: [300, 301, 302, 303, 304, 401, 402, 403, 404, 405, 406, 407, 410, 418, 451])
    func unavailable(_ status: Int) async throws {
        let words = try await outcomes(.init(status: status, body: status == 304 ? "" : "sorry"))
        #expect(words.one == "unavailable" && words.three == "unavailable")
        #expect(words.reason.contains("answers \(status) to POST"))
    }

    @Test("what the service cannot now is busy", arguments: [408, 425, 429, 500, 501, 502, 503, 504, 599])
    func busy(_ status: Int) async throws {
        let words = try await outcomes(.init(status: status, body: "later"))
        #expect(words.one == "busy" && words.three == "busy")
    }

    @Test("a rule of `errors:` that matches makes an answer one about the record")
    func rules() async throws {
        let reject = [ErrorRule(match: "http:5xx", then: .reject), ErrorRule(match: "http:404", then: .retry)]
        #expect(try await outcomes(.init(status: 503), errors: reject).one == "rejected [0]")
        #expect(try await outcomes(.init(status: 503), errors: reject).three == "halve")
        #expect(try await outcomes(.init(status: 404), errors: reject).one == "rejected [0]")
        #expect(try await outcomes(.init(status: 403), errors: reject).one == "unavailable")
        let retry = [ErrorRule(match: "http:5xx", then: .retry)]
        #expect(try await outcomes(.init(status: 503), errors: retry).one == "busy", "that is what happens anyway")
    }

    @Test("the reason is the body's first 4 KB as text of one line")
    func reason() async throws {
        let body = "bad \u{1B}[31mred\u{7}\r\n  line " + String(repeating: "é", count: 4_000)
        let reason = try await outcomes(.init(status: 422, body: body)).reason
        #expect(reason.contains("answers 422: bad [31mred line ééé"))
        #expect((4_000...4_200).contains(reason.utf8.count) && !reason.contains("\u{FFFD}"))
    }

    @Test("a service that repeats our token does not put it into the reason")
    func masked() async throws {
        let server = try await HTTPServer.start { request, _ in
            HTTPServer.Answer(status: 422, body: "not for \(request.headers.first(name: "Authorization") ?? "")!")
        }
        let sink = try server.sink(Deliver.Request(headers: ["Authorization": "Bearer s3cr3t-token"]))
        let answer = await outcome(sink, numbered(0..<1))
        #expect(answer.reason.hasSuffix("not for ***!"))
        await sink.close()
        try await server.stop()
    }

    @Test("Retry-After is a number of seconds or a date, and bounded")
    func retryAfter() {
        func wait(_ text: String, date: String? = nil) -> Duration? {
            var headers = HTTPHeaders([("Retry-After", text)])
            if let date { headers.add(name: "Date", value: date) }
            return RetryAfter.wait(headers)
        }
        let now = "Thu, 31 Dec 2026 23:59:30 GMT"
        #expect(wait("7") == .seconds(7))
        #expect(wait("0") == .zero)
        #expect(wait("99999999999999999999") == .minutes(15))
        #expect(wait("86400") == .minutes(15))
        #expect(wait("Fri, 01 Jan 2027 00:00:10 GMT", date: now) == .seconds(40))
        #expect(wait("Thu, 31 Dec 2026 23:00:00 GMT", date: now) == .zero)
        #expect(wait("Fri, 01 Jan 2100 00:00:10 GMT") == .minutes(15))
        for text in ["", "soon", "-3", "1.5", "Fri, 32 Jan 2027 00:00:10 GMT", "Fri, 01 Jan 2027 25:00:10 GMT"] {
            #expect(wait(text) == nil, "\(text)")
        }
    }

    @Test("a busy answer carries the wait that the service asks for")
    func busyWait() async throws {
        let server = try await HTTPServer.start { _, _ in .init(status: 429, headers: [("Retry-After", "17")]) }
        let sink = try server.sink()
        guard case .busy(_, "http:429", .seconds(17))? = await outcome(sink, numbered(0..<1)).error else {
            Issue.record("it is not busy for 17 s")
            return
        }
        await sink.close()
        try await server.stop()
    }
}

@Suite("Answers that name records", .timeLimit(.minutes(4)))
struct HTTPSinkFailedRecordsTests {
    @Test("those are rejected, and the others are not sent again")
    func named() async throws {
        let server = try await HTTPServer.start { _, number in
            number > 0
                ? .ok
                : .json(
                    #"{"took":2,"errors":[{"index":3,"message":"late"},{"index":1,"reason":"no such\n colour","x":1}]}"#,
                    status: 207)
        }
        let sink = try server.sink()
        let batch = numbered(0..<5)
        let first = await outcome(sink, batch)
        guard case .rejected(let rejections)? = first.error else {
            Issue.record("nothing is rejected: \(first)")
            return
        }
        #expect(rejections.map(\.index) == [1, 3] && rejections.map(\.type) == ["http:207", "http:207"])
        #expect(rejections.map { $0.reason.hasSuffix("no such colour") } == [true, false])
        let others = [batch[0], batch[2], batch[4]]
        #expect(await outcome(sink, others + numbered(5..<6)).word == "written")
        #expect(server.requests.map(\.numbers) == [[0, 1, 2, 3, 4], [5]])
        sink.settled(others.map(\.identity))
        #expect(await outcome(sink, [batch[0]]).word == "written")
        #expect(server.requests.last?.numbers == [0], "settled, it is a new record that comes again")
        await sink.close()
        try await server.stop()
    }

    @Test(
        "an answer that says that some failed, and not which, halves the batch",
        arguments: [
            #"{"errors":[{"message":"syntax error"}]}"#, #"{"errors":[{"index":3}]}"#, #"{"errors":[{"index":-1}]}"#,
            #"{"errors":["bad"]}"#, #"{"errors":[{"index":"0"}]}"#,
        ])
    func notTold(_ body: String) async throws { #expect(try await word(.json(body)) == "halve") }

    @Test(
        "an answer with other content is a good one",
        arguments: [
            #"{"errors":[]}"#, #"{"errors":false}"#, #"{"errors":null}"#, #"[{"index":0}]"#, "{", "",
            #"{"error":[{"index":0}]}"#,
        ])
    func others(_ body: String) async throws { #expect(try await word(.json(body)) == "written") }

    @Test("an answer that is not declared as JSON, or that is too long, names nobody")
    func notRead() async throws {
        #expect(try await word(.init(body: #"{"errors":[{"index":0}]}"#)) == "written")
        let long = String(repeating: " ", count: HTTPAnswer.longest) + #"{"errors":[{"index":0}]}"#
        #expect(try await word(.json(long)) == "written")
    }

    private func word(_ answer: HTTPServer.Answer) async throws -> String {
        let server = try await HTTPServer.start { _, _ in answer }
        let sink = try server.sink()
        let word = await outcome(sink, numbered(0..<3)).word
        await sink.close()
        try await server.stop()
        return word
    }
}
