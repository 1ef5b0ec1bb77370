import Foundation
import NIOCore
import NIOHTTP1
import Sluice

/// One connection of a process to its Runtime API: HTTP on one side, the endpoint on the other.
final class RuntimeAPIHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let endpoint: RuntimeEndpoint
    private let function: FunctionIdentity
    private var request = RuntimeRequest.unknown
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var bodyBytes = 0
    /// The number of the request for an invocation that is not answered yet.
    private var waiting: Int?

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
                context.writeAndFlush(
                    wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
            }
        case .body(let part):
            bodyBytes += part.readableBytes
            // What is too large is read to its end and thrown away: a client that still writes would not see the answer.
            if bodyBytes <= Self.longestBody { body.append(contentsOf: part.readableBytesView) } else { body = [] }
        case .end(let trailers): handle(context, trailers)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let waiting { endpoint.nextWasGivenUp(waiting) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else { return context.close(promise: nil) }
        head = nil
        write(.badRequest, "Bad Request", "this is not HTTP: \(error)", context)
    }

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
        let (loop, bound) = (context.eventLoop, NIOLoopBound((self, context), eventLoop: context.eventLoop))
        waiting = endpoint.next { [endpoint] invocation in
            loop.execute {
                let (handler, context) = bound.value
                handler.waiting = nil
                guard let invocation else { return context.close(promise: nil) }
                guard context.channel.isActive else { return endpoint.giveBack(invocation) }
                handler.write(invocation, context)
            }
        }
    }

    private func write(_ invocation: RuntimeEndpoint.Invocation, _ context: ChannelHandlerContext) {
        write(
            .ok,
            """
            Lambda-Runtime-Aws-Request-Id: \(invocation.id)\r
            Lambda-Runtime-Deadline-Ms: \(invocation.deadline.milliseconds)\r
            Lambda-Runtime-Invoked-Function-Arn: \(function.arn)\r

            """, invocation.event, context)
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
        guard let errorType else { return write(status, "", ByteBuffer(string: text), context) }
        var json = Array(#"{"errorType":"#.utf8)
        json.appendJSON(errorType)
        json += Array(#","errorMessage":"#.utf8)
        json.appendJSON(text)
        json.append(UInt8(ascii: "}"))
        write(status, "", ByteBuffer(bytes: json), context)
    }

    /// What is longer is not copied behind its head.
    private static let longestCopy = 64 << 10

    /// Bytes at once, and not parts through an encoder: this is done twice for every invocation.
    /// - Parameter headers: whole lines.
    private func write(
        _ status: HTTPResponseStatus, _ headers: String, _ body: ByteBuffer, _ context: ChannelHandlerContext
    ) {
        let keepsAlive = head?.isKeepAlive ?? false
        var buffer = context.channel.allocator.buffer(capacity: 512 + min(body.readableBytes, Self.longestCopy))
        buffer.writeString(
            """
            HTTP/1.1 \(status.code) \(status.reasonPhrase)\r
            Content-Type: application/json\r
            Content-Length: \(body.readableBytes)\r
            \(headers)\(keepsAlive ? "" : "Connection: close\r\n")\r

            """)
        if body.readableBytes <= Self.longestCopy {
            buffer.writeImmutableBuffer(body)
        } else {
            context.write(wrapOutboundOut(buffer), promise: nil)
            buffer = body
        }
        guard !keepsAlive else { return context.writeAndFlush(wrapOutboundOut(buffer), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenComplete { _ in context.close(promise: nil)
        }
    }
}
