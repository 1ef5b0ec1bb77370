import AsyncHTTPClient
import NIOHTTP1
import Sluice
import SluiceTesting
import Testing

@testable import SluiceAWS

@Suite("Requests to AWS")
struct AWSClientTests {
    private func client(_ service: ScriptedService) -> AWSClient {
        let clock = ManualClock()
        let keys = ["AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "token"]
        return SQSQueue.client(
            endpoint: service.url, region: "eu-west-1", http: HTTPClient.shared,
            credentials: CredentialChain([EnvironmentCredentials(environment: keys)], clock: clock), clock: clock)
    }

    @Test("a service that is busy, or down for a moment, is asked again", arguments: [500, 503, 429])
    func retried(status: Int) async throws {
        let service = try await ScriptedService([.init(status: status), .init()])
        _ = try await client(service).call("ListQueues") { _ in }
        #expect(service.requests.count == 2)
        let headers = try #require(service.requests.last?.headers)
        #expect(headers.first(name: "X-Amz-Target") == "AmazonSQS.ListQueues")
        #expect(headers.first(name: "X-Amz-Security-Token") == "token")
        #expect(
            headers.first(name: "Authorization")?.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=id/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=content-type;host;x-amz-date;"
                    + "x-amz-security-token;x-amz-target, Signature=") == true)
        try await service.close()
    }

    @Test("what is wrong with the request is not asked again")
    func refused() async throws {
        let service = try await ScriptedService([
            .init(status: 400, body: #"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}"#)
        ])
        let error = await #expect(throws: AWSError.self) { _ = try await client(service).call("PurgeQueue") { _ in } }
        #expect(error?.code == "QueueDoesNotExist")
        #expect(error?.message == "no")
        #expect(service.requests.count == 1)
        try await service.close()
    }

    @Test("after three attempts it is said")
    func givenUp() async throws {
        let service = try await ScriptedService([.init(status: 503, body: "busy")])
        let error = await #expect(throws: AWSError.self) { _ = try await client(service).call("ListQueues") { _ in } }
        #expect(error?.status == 503)
        #expect(service.requests.count == RetryBudget.attempts)
        try await service.close()
    }

    @Test("the budget of retries is for all, and is paid back")
    func budget() {
        let budget = RetryBudget()
        for _ in 0..<100 { #expect(budget.take(isTimeout: false) == 5) }
        #expect(budget.take(isTimeout: false) == nil)
        budget.giveBack(5)
        #expect(budget.take(isTimeout: true) == nil)
        budget.giveBack(nil)
        #expect(budget.take(isTimeout: false) == 5)
        #expect(budget.take(isTimeout: false) == nil)
    }

    @Test("waits grow, are random, and have an end")
    func waits() {
        var generator = SystemRandomNumberGenerator()
        for (attempt, longest) in [(1, 1), (2, 2), (3, 4), (9, 20), (60, 20)] {
            let waits = (0..<200).map { _ in RetryBudget.wait(afterAttempt: attempt, using: &generator) }
            #expect(waits.allSatisfy { $0 >= .zero && $0 <= .seconds(longest) })
            #expect(Set(waits).count > 20)
        }
    }
}
