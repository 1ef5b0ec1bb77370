import NIOCore
import NIOHTTP1
import NIOPosix

@testable import SluiceServer

/// One connection to the port, with one request on it at a time, in either protocol.
struct SQSConnection {
    struct Broken: Error {}

    private let address: ListenAddress
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    private var answers: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator

    /// Connects, and closes when `body` is done.
    static func open<Result: Sendable>(
        to address: ListenAddress, _ body: (SQSConnection) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(
                SQSConnection(address: address, outbound: outbound, answers: inbound.makeAsyncIterator()))
        }
    }

    mutating func ask(_ request: WireRequest, _ wire: WireForm) async throws -> WireAnswer {
        let body = request.body(wire)
        var headers = request.headers(wire)
        headers.append(("Host", "\(address)"))
        headers.append(("Content-Length", "\(body.count)"))
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: HTTPHeaders(headers))
        try await outbound.write(
            contentsOf: [.head(head), .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)])
        var answered: HTTPResponseHead?
        var bytes: [UInt8] = []
        while let part = try await answers.next() {
            switch part {
            case .head(let head): answered = head
            case .body(let more): bytes += more.readableBytesView
            case .end:
                guard let answered else { throw Broken() }
                return try WireAnswer(
                    status: Int(answered.status.code), code: answered.headers.first(name: "x-amzn-query-error"),
                    body: bytes, of: request.action, wire)
            }
        }
        throw Broken()
    }
}
