import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Sluice

/// What it means that there was no answer.
enum HTTPFault {
    static func sinkError(_ error: any Error, at address: HTTPAddress) -> SinkError {
        let place = address.shown
        switch error {
        case is CancellationError:
            return .busy(reason: "the request to \(place) was ended before its answer", type: "timeout", after: nil)
        case let error as HTTPClientError: return ofClient(error, place)
        case let error as NIOConnectionError: return ofConnection(error, place)
        case let error as IOError: return ofSystem(error, place)
        case ChannelError.connectTimeout: return timeout(place, "no connection in time")
        case let error as NIOSSLError:
            if case .uncleanShutdown = error { return closed(place) }
            return ofTLS("\(error)", place)
        case is BoringSSLError, is NIOSSLExtraError: return ofTLS("\(error)", place)
        case HTTPParserError.invalidEOFState: return closed(place)
        case is HTTPParserError:
            return .unavailable(
                reason: "\(place) answers with something that is not HTTP; look at `to`", type: "http:garbage")
        case is SocketAddressError: return notFound(place, address.host)
        default: return .busy(reason: "the request to \(place) failed: \(error)", type: "http:failed", after: nil)
        }
    }

    private static func ofClient(_ error: HTTPClientError, _ place: String) -> SinkError {
        switch error {
        case .cancelled, .requestStreamCancelled:
            .busy(reason: "the request to \(place) was ended before its answer", type: "timeout", after: nil)
        case .deadlineExceeded, .readTimeout, .writeTimeout: timeout(place, "no answer in time")
        case .connectTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout,
            .getConnectionFromPoolTimeout:
            timeout(place, "no connection in time")
        case .remoteConnectionClosed, .uncleanShutdown: closed(place)
        case .proxyAuthenticationRequired:
            .unavailable(reason: "the proxy on the way to \(place) wants a user and a password", type: "http:407")
        case .invalidProxyResponse:
            .unavailable(reason: "the proxy on the way to \(place) does not connect us", type: "http:proxy")
        default:
            // Its own text may hold headers.
            .unavailable(reason: "the request to \(place) failed: \(error.shortDescription)", type: "http:failed")
        }
    }

    private static func ofConnection(_ error: NIOConnectionError, _ place: String) -> SinkError {
        guard let first = error.connectionErrors.first?.error else { return notFound(place, error.host) }
        switch first {
        case let first as IOError: return ofSystem(first, place)
        case ChannelError.connectTimeout: return timeout(place, "no connection in time")
        default: return .unavailable(reason: "cannot connect to \(place): \(first)", type: "http:connect")
        }
    }

    private static func ofSystem(_ error: IOError, _ place: String) -> SinkError {
        switch error.errnoCode {
        case ECONNRESET, EPIPE, ECONNABORTED, ENOTCONN: closed(place)
        case ETIMEDOUT: timeout(place, "no connection in time")
        case ECONNREFUSED:
            .unavailable(reason: "\(place) refuses the connection; is the service running?", type: "http:connect")
        default:
            .unavailable(
                reason: "cannot connect to \(place): \(String(cString: strerror(error.errnoCode)))",
                type: "http:connect")
        }
    }

    private static func ofTLS(_ text: String, _ place: String) -> SinkError {
        .unavailable(
            reason:
                "no trusted connection (TLS) to \(place): \(text.prefix(300)); is its certificate valid for this name, "
                + "and signed by somebody whom this machine trusts (SSL_CERT_FILE)?", type: "http:tls")
    }

    private static func timeout(_ place: String, _ words: String) -> SinkError {
        .busy(reason: "timeout: \(words) from \(place)", type: "timeout", after: nil)
    }

    private static func closed(_ place: String) -> SinkError {
        .busy(reason: "\(place) closed the connection before its answer was whole", type: "http:closed", after: nil)
    }

    private static func notFound(_ place: String, _ host: String) -> SinkError {
        .unavailable(reason: "\(place): the name \(host) is not known (DNS); look at `to`", type: "http:dns")
    }
}
