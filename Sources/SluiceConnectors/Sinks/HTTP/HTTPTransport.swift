import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Sluice
import Synchronization

/// Sends requests over connections that are kept open, and reads their answers.
final class HTTPTransport: Sendable {
    private let plan: HTTPPlan
    private let environment: [String: String]
    private let log: Logger
    /// Made for the first request.
    private let client = Mutex<HTTPClient?>(nil)

    private static let mostRedirects = 5

    init(_ plan: HTTPPlan, environment: [String: String], logger: Logger) {
        self.plan = plan
        self.environment = environment
        log = logger
    }

    /// A client that nobody has closed must not end the process.
    deinit {
        let log = log
        client.withLock { $0 }?.shutdown { error in
            log.debug("An HTTP sink was not closed", metadata: ["error": "\(error.map { "\($0)" } ?? "none")"])
        }
    }

    /// Follows redirects within the host.
    /// - Parameter deadline: for the head of the answer. What reads slowly behind it ends with the task.
    func send(_ request: HTTPClientRequest, deadline: NIODeadline) async throws(SinkError) -> HTTPAnswer {
        let client = try openClient()
        var request = request
        for _ in 0..<Self.mostRedirects {
            let answer = try await exchange(request, client, deadline)
            guard let next = Redirect.follow(answer, from: request.url) else { return answer }
            request.url = next
        }
        throw .unavailable(
            reason: "\(plan.address.shown) sends requests on more than \(Self.mostRedirects) times",
            type: "http:redirect")
    }

    private func exchange(
        _ request: HTTPClientRequest, _ client: HTTPClient, _ deadline: NIODeadline
    ) async throws(SinkError) -> HTTPAnswer {
        do {
            let response = try await client.execute(request, deadline: deadline)
            var body: [UInt8] = []
            for try await chunk in response.body {
                body += chunk.readableBytesView.prefix(HTTPAnswer.longest + 1 - body.count)
                if body.count > HTTPAnswer.longest { break }
            }
            let isCut = body.count > HTTPAnswer.longest
            return HTTPAnswer(
                status: Int(response.status.code), headers: response.headers,
                body: isCut ? Array(body.dropLast()) : body, isCut: isCut)
        } catch {
            throw HTTPFault.sinkError(error, at: plan.address)
        }
    }

    private func openClient() throws(SinkError) -> HTTPClient {
        let proxy = try HTTPProxy.find(for: plan.address, in: environment)
        return client.withLock { client in
            if let client { return client }
            let made = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration(proxy))
            client = made
            return made
        }
    }

    private func configuration(_ proxy: HTTPClient.Configuration.Proxy?) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        // As OpenSSL and curl do; NIOSSL itself looks at the system's certificates only.
        if let file = environment["SSL_CERT_FILE"], !file.isEmpty { tls.trustRoots = .file(file) }
        let timeout = TimeAmount(plan.timeout)
        var pool = HTTPClient.Configuration.ConnectionPool()
        pool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(1, plan.connections)
        // Whoever is not there is told at once: waiting is the breaker's business.
        pool.retryConnectionEstablishment = false
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: min(timeout, .seconds(10)), read: timeout), connectionPool: pool, proxy: proxy)
        configuration.httpVersion = .http1Only
        return configuration
    }

    func close() async {
        let client = client.withLock { client in
            defer { client = nil }
            return client
        }
        do { try await client?.shutdown() } catch {
            log.warning("Connections to an HTTP address did not close well", metadata: ["error": "\(error)"])
        }
    }
}
