import Foundation
import NIOCore
import Sluice
import Testing

@testable import SluiceFunctions

@Suite("The client of the Runtime API")
struct RuntimeAPIClientTests {
    private let endpoint = RuntimeEndpoint()
    private let identity = FunctionIdentity(ofPipeline: "orders", version: "1", .none)

    /// What the other side, on a thread of its own, ended with.
    private func connect(
        _ server: RuntimeAPIServer,
        _ body: @escaping @Sendable (inout RuntimeAPIClient) throws(RuntimeAPIClient.Lost) -> Void
    ) -> AsyncStream<String> {
        let (ends, tell) = AsyncStream<String>.makeStream()
        Thread.detachNewThread {
            do throws(RuntimeAPIClient.Lost) {
                var client = try RuntimeAPIClient(server.address)
                try body(&client)
                tell.yield("done")
            } catch {
                tell.yield(error.description)
            }
        }
        return ends
    }

    @Test("it takes an invocation and answers it, again and again, small and large")
    func invocations() async throws {
        let server = try await RuntimeAPIServer.start(endpoint, identity)
        let ends = connect(server) { client throws(RuntimeAPIClient.Lost) in
            while true {
                let invocation = try client.next()
                try client.respond(invocation.id, invocation.event.reversed())
            }
        }
        for (count, id) in [(0, "a"), (1, "b"), (5_000_000, "c"), (3, "d")] {
            let event = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let invocation = RuntimeEndpoint.Invocation(id: id, event: ByteBuffer(bytes: event), deadline: .wall)
            #expect(await endpoint.invoke(invocation, limit: .seconds(20)) == .response(event.reversed()))
        }
        endpoint.processEnded(ProcessEnd(description: "the test is over"))
        #expect(await ends.first { _ in true } == "the host is gone")
        server.close()
    }

    @Test("a failed start is reported")
    func initError() async throws {
        let server = try await RuntimeAPIServer.start(endpoint, identity)
        let ends = connect(server) { client throws(RuntimeAPIClient.Lost) in
            try client.initError(Array(#"{"errorMessage":"no","errorType":"T"}"#.utf8))
        }
        guard case .failed(let error) = await endpoint.waitUntilStarted(atMost: .seconds(20)) else {
            Issue.record("it started")
            return
        }
        #expect(error.reason == "T: no")
        #expect(await ends.first { _ in true } == "done")
        server.close()
    }

    @Test("an address that is none, or where nobody listens, is said", arguments: ["", "nowhere:1", "127.0.0.1:1"])
    func noHost(_ address: String) {
        #expect(throws: RuntimeAPIClient.Lost.self) { _ = try RuntimeAPIClient(address) }
    }
}
