import AsyncHTTPClient
import NIOHTTP1
import Sluice
import Testing

@testable import SluiceConnectors

@Suite("What the HTTP sink sends", .timeLimit(.minutes(4)))
struct HTTPSinkRequestTests {
    /// What arrives when `batch` is written once.
    private func sent(
        _ request: Deliver.Request, _ batch: [SinkRecord], path: String? = nil
    ) async throws -> [HTTPServer.Request] {
        let server = try await HTTPServer.start()
        let sink = try server.sink(request, path: path)
        #expect(await outcome(sink, batch).word == "written")
        await sink.close()
        try await server.stop()
        return server.requests
    }

    @Test("records are sent as the bytes that they are")
    func bodies() async throws {
        let batch = [record("{\"a\": 1.50,\n\"a\":2}"), record(#" "é\n" "#)]
        #expect(try await sent(.init(), batch).map(\.text) == ["[{\"a\": 1.50,\n\"a\":2}, \"é\\n\" ]"])
        #expect(try await sent(.init(body: .jsonl), batch).map(\.text) == ["{\"a\": 1.50, \"a\":2}\n \"é\\n\" \n"])
        #expect(
            try await sent(.init(body: .single), batch + [record("no JSON")]).map(\.text)
                == ["{\"a\": 1.50,\n\"a\":2}", #" "é\n" "#, "no JSON"])
    }

    @Test("method, path, query and headers are those of the definition; the others have usual values")
    func heads() async throws {
        let request = Deliver.Request(
            headers: ["X-Tenant": "acme", "content-type": "application/vnd.orders+json"], method: .put)
        let first = try #require(try await sent(request, numbered(0..<1), path: "/v1/orders?draft=no").first)
        #expect(first.method == "PUT" && first.path == "/v1/orders?draft=no")
        #expect(first.headers["X-Tenant"] == ["acme"])
        #expect(first.headers["Content-Type"] == ["application/vnd.orders+json"])
        #expect(first.headers["User-Agent"] == ["sluice"])
        let lines = try #require(try await sent(.init(method: .patch, body: .jsonl), numbered(0..<1)).first)
        #expect(lines.method == "PATCH" && lines.headers["Content-Type"] == ["application/x-ndjson"])
    }

    @Test("a user in the URL becomes a header, and is not shown")
    func user() async throws {
        let server = try await HTTPServer.start { _, number in number == 0 ? .ok : .init(status: 500) }
        let url = "http://shop:s3cr3t%20x@127.0.0.1:\(server.port)/orders?key=k3y"
        let sink = try HTTPSink(Deliver(to: .http(url)), url: url, environment: [:], logger: .silent)
        #expect(await outcome(sink, numbered(0..<1)).word == "written")
        #expect(server.requests.first?.headers["Authorization"] == ["Basic c2hvcDpzM2NyM3QgeA=="])
        #expect(server.requests.first?.path == "/orders?key=k3y")
        let reason = await outcome(sink, numbered(0..<1)).reason
        #expect(reason == "http://127.0.0.1:\(server.port)/orders answers 500 to POST")
        await sink.close()
        try await server.stop()
    }

    @Test("the same batch has the same key, half of it another, and one record its identity")
    func keys() async throws {
        let server = try await HTTPServer.start { _, _ in .init(status: 503) }
        let sink = try server.sink()
        for batch in [numbered(0..<4), numbered(0..<4), numbered(0..<2), numbered(0..<1)] {
            #expect(await outcome(sink, batch).word == "busy")
        }
        let keys = server.requests.compactMap(\.key)
        #expect(keys[0] == keys[1] && keys[1] != keys[2] && keys[0].utf8.count == 64)
        #expect(keys[3] == "r0")
        await sink.close()
        try await server.stop()
        #expect(IdempotencyKey.of([record("1", identity: "drop/ä b%.csv@1#7")]) == "drop/%C3%A4%20b%25.csv@1#7")
    }

    @Test("with a request for each record, it stops at one that is not taken, and goes on behind those that were")
    func single() async throws {
        let server = try await HTTPServer.start { request, number in
            request.numbers == [2] && number < 4 ? .init(status: number < 3 ? 503 : 422) : .ok
        }
        let sink = try server.sink(Deliver.Request(body: .single))
        let batch = numbered(0..<5)
        #expect(await outcome(sink, batch).word == "busy")
        #expect(await outcome(sink, batch).word == "rejected [2]")
        #expect(server.requests.map(\.numbers) == [[0], [1], [2], [2]])
        #expect(await outcome(sink, [batch[0], batch[1], batch[3], batch[4]]).word == "written")
        #expect(server.requests.map(\.numbers).suffix(2) == [[3], [4]])
        #expect(server.requests.compactMap(\.key) == ["r0", "r1", "r2", "r2", "r3", "r4"])
        await sink.close()
        try await server.stop()
    }

    @Test("connections are used again")
    func connections() async throws {
        let server = try await HTTPServer.start()
        let sink = try server.sink()
        for number in 0..<5 { #expect(await outcome(sink, numbered(number..<(number + 1))).word == "written") }
        await sink.close()
        try await server.stop()
        #expect(server.connections == 1)
    }

    @Test(
        "a probe sends no record, and tells of an address that does not want us", arguments: [200, 405, 500, 401, 404])
    func probe(_ status: Int) async throws {
        let server = try await HTTPServer.start { _, _ in .init(status: status) }
        let sink = try server.sink(Deliver.Request(headers: ["Authorization": "Bearer x"]))
        var reason = "ready"
        do throws(SinkError) { try await sink.probe() } catch { reason = error.reason }
        #expect((reason == "ready") == ![401, 404].contains(status), "\(reason)")
        #expect(server.requests.map(\.method) == ["OPTIONS"] && server.requests[0].body.isEmpty)
        #expect(server.requests[0].headers["Authorization"] == ["Bearer x"])
        await sink.close()
        try await server.stop()
    }
}

@Suite("Where the HTTP sink goes", .timeLimit(.minutes(4)))
struct HTTPSinkRouteTests {
    @Test("307 and 308 within the host are followed with the same request; others are not", arguments: [307, 308])
    func redirects(_ status: Int) async throws {
        let elsewhere = try await HTTPServer.start()
        let server = try await HTTPServer.start { request, _ in
            let target =
                switch request.path {
                case "/here": "/orders"
                case "/other-name": "http://localhost:\(request.headers.first(name: "X-Port") ?? "")/orders"
                case "/other-port": "http://127.0.0.1:\(request.headers.first(name: "X-Other") ?? "")/orders"
                case "/round": "/round"
                default: ""
                }
            return target.isEmpty ? .ok : .init(status: status, headers: [("Location", target)])
        }
        let request = Deliver.Request(headers: ["X-Port": "\(server.port)", "X-Other": "\(elsewhere.port)"])
        var words: [String] = []
        for path in ["/here", "/other-name", "/other-port", "/round"] {
            let sink = try server.sink(request, path: path)
            words.append(await outcome(sink, numbered(0..<2)).word)
            await sink.close()
        }
        #expect(words == ["written", "unavailable", "unavailable", "unavailable"])
        let followed = server.requests.prefix(2)
        #expect(followed.map(\.path) == ["/here", "/orders"] && followed.map(\.method) == ["POST", "POST"])
        #expect(followed[0].key == followed[1].key && followed[0].body == followed[1].body)
        #expect(elsewhere.requests.isEmpty)
        try await server.stop()
        try await elsewhere.stop()
    }

    @Test("nobody at the address is not there; nobody who answers is busy")
    func noAnswer() async throws {
        let server = try await HTTPServer.start { _, _ in nil }
        let silent = try server.sink(timeout: .seconds(1))
        #expect(await outcome(silent, numbered(0..<1)).word == "busy")
        await silent.close()
        let refused = try server.sink()
        try await server.stop()
        let answer = await outcome(refused, numbered(0..<1))
        #expect(answer.word == "unavailable" && answer.reason.contains("refuses the connection"))
        await refused.close()
    }

    @Test("a sink that nobody closes does no harm")
    func dropped() async throws {
        let server = try await HTTPServer.start()
        #expect(await outcome(try server.sink(), numbered(0..<1)).word == "written")
        try await server.stop()
    }

    @Test("a cancelled write ends soon")
    func cancelled() async throws {
        let server = try await HTTPServer.start { _, _ in nil }
        let sink = try server.sink()
        let write = Task { await outcome(sink, numbered(0..<1)).word }
        while server.requests.isEmpty { await Task.yield() }
        write.cancel()
        #expect(await write.value == "busy")
        await sink.close()
        try await server.stop()
    }

    @Test(
        "the proxy is the one that the environment names",
        arguments: [
            ("https://api.example.com", ["HTTPS_PROXY": "http://p:3128"], "p:3128"),
            ("https://api.example.com", ["HTTPS_PROXY": "p:3128", "https_proxy": "q:1"], "q:1"),
            ("https://api.example.com", ["HTTP_PROXY": "http://p:3128"], "none"),
            ("http://api.example.com", ["HTTP_PROXY": "http://p:3128"], "p:3128"),
            ("http://api.example.com", ["all_proxy": "socks5://p"], "p:1080"),
            ("https://api.example.com", ["HTTPS_PROXY": "p:1", "NO_PROXY": "other.com, example.com"], "none"),
            ("https://api.example.com", ["HTTPS_PROXY": "p:1", "NO_PROXY": ".EXAMPLE.com"], "none"),
            ("https://api.example.com", ["HTTPS_PROXY": "p:1", "no_proxy": "*"], "none"),
            ("https://badexample.com", ["HTTPS_PROXY": "p:1", "NO_PROXY": "example.com"], "p:1"),
            ("https://api.example.com", ["HTTPS_PROXY": "ftp://p:1"], "mistake"),
        ])
    func proxy(_ url: String, _ environment: [String: String], _ expected: String) throws {
        let address = try #require(HTTPAddress(url))
        var found = "none"
        do throws(SinkError) {
            if let proxy = try HTTPProxy.find(for: address, in: environment) { found = "\(proxy.host):\(proxy.port)" }
        } catch { found = "mistake" }
        #expect(found == expected)
    }
}
