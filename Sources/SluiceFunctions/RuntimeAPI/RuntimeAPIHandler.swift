import Foundation
import NIOCore
import NIOHTTP1
import Sluice

/// One connection of a process to its Runtime API: HTTP on one side, the endpoint on the other.
final class RuntimeAPIHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let endpoint: RuntimeEndpoint
    private let function: FunctionIdentity
    private var request = RuntimeRequest.unknown
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var bodyBytes = 0
    private var waits = false

    /// Lambda's limit of a synchronous payload, in bytes.
    static let longestBody = ByteCount.megabytes(6).bytes

    init(endpoint: RuntimeEndpoint, function: FunctionIdentity) {
        self.endpoint = endpoint
        self.function = function
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            request = RuntimeRequest(head)
            body.removeAll(keepingCapacity: true)
            bodyBytes = 0
            // curl asks before it sends a large body, and would wait a second for the answer.
            if head.headers[canonicalForm: "expect"].contains("100-continue") {
                context.writeAndFlush(wrapOutboundOut(.head(.init(version: .http1_1, status: .continue))), promise: nil)
            }
        case .body(let part):
            bodyBytes += part.readableBytes
            // What is too large is read to its end and thrown away: a client that still writes would not see the answer.
            if bodyBytes <= Self.longestBody { body.append(contentsOf: part.readableBytesView) } else { body = [] }
        case .end(let trailers): handle(context, trailers)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if waits { endpoint.nextWasGivenUp() }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func handle(_ context: ChannelHandlerContext, _ trailers: HTTPHeaders?) {
        switch request {
        case .next: next(context)
        case .response(let id): reply(answer(id, trailers), context)
        case .error(let id):
            reply(endpoint.error(id, ReportedError(body: body, header: errorType(in: head?.headers))), context)
        case .initError:
            reply(endpoint.initError(ReportedError(body: body, header: errorType(in: head?.headers))), context)
        case .unknown:
            write(.notFound, "Not Found", "there is no \(head?.uri ?? "such path") in the Runtime API", context)
        }
    }

    /// A streamed response may fail in its middle: then the trailers say so.
    private func answer(_ id: String, _ trailers: HTTPHeaders?) -> RuntimeEndpoint.Reply {
        if let type = errorType(in: trailers) {
            let text = trailers?.first(name: "Lambda-Runtime-Function-Error-Body") ?? ""
            return endpoint.error(
                id, ReportedError(body: Array(Data(base64Encoded: text) ?? Data(text.utf8)), header: type))
        }
        if bodyBytes > Self.longestBody { return endpoint.tooLarge(id, bytes: bodyBytes) }
        return endpoint.response(id, body)
    }

    private func errorType(in headers: HTTPHeaders?) -> String? {
        headers?.first(name: "Lambda-Runtime-Function-Error-Type")
    }

    private func next(_ context: ChannelHandlerContext) {
        waits = true
        let (loop, bound) = (context.eventLoop, NIOLoopBound((self, context), eventLoop: context.eventLoop))
        endpoint.next { invocation in
            loop.execute {
                let (handler, context) = bound.value
                handler.waits = false
                guard context.channel.isActive else { return }
                guard let invocation else { return context.close(promise: nil) }
                handler.write(invocation, context)
            }
        }
    }

    private func write(_ invocation: RuntimeEndpoint.Invocation, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: "application/json")
        headers.add(name: "Content-Length", value: "\(invocation.event.readableBytes)")
        headers.add(name: "Lambda-Runtime-Aws-Request-Id", value: invocation.id)
        headers.add(name: "Lambda-Runtime-Deadline-Ms", value: "\(invocation.deadline.milliseconds)")
        headers.add(name: "Lambda-Runtime-Invoked-Function-Arn", value: function.arn)
        write(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers), invocation.event, context)
    }

    private func reply(_ reply: RuntimeEndpoint.Reply, _ context: ChannelHandlerContext) {
        switch reply {
        case .accepted: write(.accepted, nil, #"{"status":"OK"}"#, context)
        case .unknownInvocation:
            write(
                .badRequest, "InvalidRequestID",
                "this invocation is not under way: it was answered before, or its time was up", context)
        case .tooLarge:
            write(
                .payloadTooLarge, "Function.ResponseSizeTooLarge",
                "the answer has \(bodyBytes) bytes, and at most \(Self.longestBody) are allowed", context)
        }
    }

    private func write(
        _ status: HTTPResponseStatus, _ errorType: String?, _ text: String, _ context: ChannelHandlerContext
    ) {
        var buffer = context.channel.allocator.buffer(capacity: 256)
        if let errorType {
            buffer.writeString(#"{"errorType":"\#(errorType)","errorMessage":"\#(text.replacing("\"", with: "'"))"}"#)
        } else {
            buffer.writeString(text)
        }
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: "application/json")
        headers.add(name: "Content-Length", value: "\(buffer.readableBytes)")
        write(HTTPResponseHead(version: .http1_1, status: status, headers: headers), buffer, context)
    }

    private func write(_ head: HTTPResponseHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let keepsAlive = self.head?.isKeepAlive ?? false
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            if !keepsAlive { context.close(promise: nil) }
        }
    }
}

/// What a function is called where it asks: in its environment variables and in the headers of an invocation.
struct FunctionIdentity: Sendable, Hashable {
    /// `PIPELINE-transform`.
    var name: String
    var version: String
    var region: String

    static let account = "000000000000"

    var arn: String { "arn:aws:lambda:\(region):\(Self.account):function:\(name)" }
}
