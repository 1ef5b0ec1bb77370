import AsyncHTTPClient
import NIOHTTP1
import Sluice
import SluiceWire

/// What a service of AWS refused, or did not answer.
package struct AWSError: Error, Sendable, Hashable, CustomStringConvertible {
    /// 0 = there was no answer.
    package let status: UInt
    /// As the service's model names the shape: `QueueDoesNotExist`.
    package let code: String
    package let message: String
    let isTimeout: Bool

    init(status: UInt, code: String, message: String, isTimeout: Bool = false) {
        self.status = status
        self.code = code
        self.message = message
        self.isTimeout = isTimeout
    }

    init(unanswered error: any Error) {
        let timeouts: [HTTPClientError] = [.connectTimeout, .readTimeout, .deadlineExceeded]
        self.init(
            status: 0, code: "NoAnswer", message: "\(error)",
            isTimeout: (error as? HTTPClientError).map(timeouts.contains) ?? false)
    }

    init(_ response: HTTPClientResponse, _ body: Bytes) {
        var (type, message): (String?, String?)
        do {
            let error = Parameters.json(try JSONParameters(body: body))
            type = try error.text(ParameterName("__type"))
            message = try error.text(ParameterName("message")) ?? error.text(ParameterName("Message"))
        } catch {
            message = body.text
        }
        let code = (type ?? "Unknown").split(separator: "#").last.map(String.init) ?? "Unknown"
        self.init(status: response.status.code, code: code, message: message ?? "")
    }

    private static let transient: Set<String> = [
        "RequestThrottled", "RequestThrottledException", "ThrottlingException", "Throttling",
        "TooManyRequestsException",
        "RequestTimeout", "RequestTimeoutException", "InternalFailure", "InternalError", "ServiceUnavailable",
        "KmsThrottled", "SlowDown",
    ]

    /// Whether the same request may have another answer in a moment.
    var mayBeRetried: Bool { status == 0 || status >= 500 || status == 429 || Self.transient.contains(code) }

    var isAboutCredentials: Bool {
        ["ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId"].contains(code)
    }

    package var description: String { status == 0 ? "no answer: \(message)" : "\(code) (\(status)): \(message)" }
}
