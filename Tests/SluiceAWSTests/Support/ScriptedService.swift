import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server that gives the answers of a script, one after the other, and remembers what it was asked.
final class ScriptedService: Sendable {
    struct Answer: Sendable {
        var status = 200
        var body = "{}"
    }

    struct Request: Sendable {
        var line: String
        var headers: HTTPHeaders
    }

    private let answers: Mutex<[Answer]>
    private let asked = Mutex<[Request]>([])
    private let channel = Mutex<(any Channel)?>(nil)

    var requests: [Request] { asked.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port } ?? 0)" }

    /// - Parameter answers: the last one is given again and again.
    init(_ answers: [Answer]) async throws {
        self.answers = Mutex(answers)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).childChannelInitializer {
            channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(Handler(service: self))
            }
        }
        let bound = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        channel.withLock { $0 = bound }
    }

    func close() async throws { try await channel.withLock { $0 }?.close().get() }

    private func answer(to head: HTTPRequestHead) -> Answer {
        asked.withLock { $0.append(Request(line: "\(head.method.rawValue) \(head.uri)", headers: head.headers)) }
        return answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let service: ScriptedService
        private var head: HTTPRequestHead?

        init(service: ScriptedService) { self.service = service }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end:
                guard let head else { return }
                let answer = service.answer(to: head)
                let headers: HTTPHeaders = ["Content-Length": "\(answer.body.utf8.count)"]
                let response = HTTPResponseHead(
                    version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
                context.write(wrapOutboundOut(.head(response)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
