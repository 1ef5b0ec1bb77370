package import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
package import Sluice
package import SluiceWire

/// Signed requests in AWS JSON, made again where that may help.
package struct AWSClient: Sendable {
    /// Where a service is: `https://sqs.eu-west-1.amazonaws.com`, or an address of one's own.
    package let endpoint: String
    package let region: String
    private let service: String
    private let targetPrefix: String
    private let http: HTTPClient
    private let credentials: CredentialChain
    private let clock: any EngineClock
    private let budget = RetryBudget()

    private static let longestAnswer = 16 << 20
    /// A long poll takes twenty seconds by itself.
    private static let patience = TimeAmount.seconds(40)

    package init(
        service: String, targetPrefix: String, endpoint: String, region: String, http: HTTPClient,
        credentials: CredentialChain, clock: any EngineClock
    ) {
        self.service = service
        self.targetPrefix = targetPrefix
        self.endpoint = endpoint
        self.region = region
        self.http = http
        self.credentials = credentials
        self.clock = clock
    }

    /// - Throws: `AWSError` when the service refuses it, or when the last attempt has failed; `CredentialError`;
    ///   `CancellationError`.
    package func call(_ action: String, _ write: (inout AnswerWriter) -> Void) async throws -> Parameters {
        var writer = AnswerWriter(.json, action: action, namespace: "")
        write(&writer)
        writer.finish(requestID: "", hasResult: true)
        var paid: Int?
        var attempt = 1
        while true {
            do {
                let answer = try await self.attempt(action, writer.bytes)
                budget.giveBack(paid)
                return answer
            } catch let error as AWSError where error.mayBeRetried && attempt < RetryBudget.attempts {
                guard let cost = budget.take(isTimeout: error.isTimeout) else { throw error }
                paid = cost
                var generator = SystemRandomNumberGenerator()
                try await Task.sleep(for: RetryBudget.wait(afterAttempt: attempt, using: &generator))
                attempt += 1
            }
        }
    }

    private func attempt(_ action: String, _ body: [UInt8]) async throws -> Parameters {
        let credentials = try await credentials.credentials()
        var request = HTTPClientRequest(url: endpoint)
        request.method = .POST
        request.headers = try headers(action, body, credentials)
        request.body = .bytes(ByteBuffer(bytes: body))
        let response: HTTPClientResponse
        let answer: ByteBuffer
        do {
            response = try await http.execute(request, timeout: Self.patience)
            answer = try await response.body.collect(upTo: Self.longestAnswer)
        } catch let error as HTTPClientError where error == .cancelled {
            throw CancellationError()
        } catch let error where !(error is CancellationError) {
            throw AWSError(unanswered: error)
        }
        let bytes = Array(answer.readableBytesView)[...]
        guard response.status == .ok else {
            let error = AWSError(response, bytes)
            if error.isAboutCredentials { await self.credentials.forget(credentials) }
            throw error
        }
        do {
            return .json(try JSONParameters(body: bytes))
        } catch {
            throw AWSError(status: 200, code: "Unreadable", message: error.message)
        }
    }

    private func headers(_ action: String, _ body: [UInt8], _ credentials: AWSCredentials) throws -> HTTPHeaders {
        guard let url = URL(string: endpoint), let name = url.host() else {
            throw CredentialError("'\(endpoint)' is no address of a service")
        }
        let time = SigningTime.basic(clock.now)
        let host = url.port.map { "\(name):\($0)" } ?? name
        var headers = [
            (name: "Host", value: host), (name: "X-Amz-Date", value: time),
            (name: "X-Amz-Target", value: "\(targetPrefix).\(action)"),
            (name: "Content-Type", value: "application/x-amz-json-1.0"),
        ]
        if let token = credentials.sessionToken { headers.append(("X-Amz-Security-Token", token)) }
        let scope = SigningScope(day: String(time.prefix(8)), region: region, service: service)
        let canonical = CanonicalRequest(
            method: "POST", path: url.path(percentEncoded: true), query: "", headers: headers,
            signedHeaders: headers.map { $0.name.lowercased() }, payloadHash: Hexadecimal.sha256(of: body))
        let key = SignatureV4.key(secret: credentials.secret, scope)
        let signature = SignatureV4.signature(of: canonical, time: time, scope, key: key)
        let signed = canonical.signedHeaders.sorted().joined(separator: ";")
        headers.append(
            (
                "Authorization",
                "\(SignatureV4.algorithm) Credential=\(credentials.accessKeyID)/\(scope.text), SignedHeaders=\(signed), "
                    + "Signature=\(signature)"
            ))
        return HTTPHeaders(headers.map { ($0.name, $0.value) })
    }
}
