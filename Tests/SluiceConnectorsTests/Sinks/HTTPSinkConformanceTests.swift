import Sluice
import SluiceTesting
import Testing

@testable import SluiceConnectors

@Suite("The HTTP sink keeps what every sink promises", .timeLimit(.minutes(4)))
struct HTTPSinkConformanceTests {
    @Test("with arrays, refused by the server", arguments: RecordSinkConformance.allCases)
    func array(_ promise: RecordSinkConformance) async throws {
        try await check(promise, Deliver.Request(), refusing: #"{"n":-1}"#)
    }

    @Test("with lines that are no JSON", arguments: RecordSinkConformance.allCases)
    func lines(_ promise: RecordSinkConformance) async throws {
        try await check(promise, Deliver.Request(body: .jsonl), refusing: #"{"n":1"#)
    }

    /// Requests that were answered cannot be taken back, so that "whole or not" is not for this form.
    @Test(
        "with a request for each record",
        arguments: RecordSinkConformance.allCases.filter {
            ![.wholeOrNot, .namesWhatIsBad, .writesAtOnce].contains($0)
        })
    func single(_ promise: RecordSinkConformance) async throws {
        try await check(promise, Deliver.Request(body: .single), refusing: #"{"n":-1}"#)
    }

    private func check(
        _ promise: RecordSinkConformance, _ request: Deliver.Request, refusing body: String
    ) async throws {
        let server = try await HTTPServer.start { request, _ in
            request.numbers.contains(-1) ? HTTPServer.Answer(status: 422, body: "no such number") : .ok
        }
        try await promise.check(HTTPPlace(server: server, request: request, refusedBody: Bytes(body)))
        try await server.stop()
    }
}

struct HTTPPlace: RecordSinkPlace {
    let server: HTTPServer
    let request: Deliver.Request
    let refusedBody: Bytes
    let knowsRepeatedRecords = false

    var largeBatch: Int { request.body == .single ? 1_000 : 10_000 }

    /// A thousand requests one by one take their time on a machine that is busy.
    func sink() throws -> any RecordSink { try server.sink(request, timeout: .minutes(2)) }

    func storedNumbers() -> [Int] {
        server.requests.filter { $0.method == "POST" && !$0.numbers.contains(-1) }.flatMap(\.numbers)
    }
}
