import NIOCore
import NIOHTTP1
import NIOPosix
import Sluice
import Synchronization

@testable import SluiceConnectors

/// A server on this machine that answers as a test says, and keeps what it was sent.
final class HTTPServer: Sendable {
    struct Request: Sendable {
        var method = ""
        var path = ""
        var headers = HTTPHeaders()
        var body: [UInt8] = []

        var text: String { String(decoding: body, as: UTF8.self) }
        var key: String? { headers.first(name: "Idempotency-Key") }
        /// The member `n` of each record, in a JSON array or one a line.
        var numbers: [Int] {
            text.split { "[]\n,".contains($0) }.compactMap { part in
                part.hasPrefix("{\"n\":") ? Int(part.dropFirst(5).prefix { $0.isNumber || $0 == "-" }) : nil
            }
        }
    }

    struct Answer: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body = ""

        static let ok = Answer()
        static func json(_ body: String, status: Int = 200) -> Answer {
            Answer(status: status, headers: [("Content-Type", "application/json")], body: body)
        }
    }

    /// - Parameter number: which request it is, from 0. Answers `nil` for no answer at all.
    typealias Script = @Sendable (_ request: Request, _ number: Int) -> Answer?

    private struct State {
        var requests: [Request] = []
        var connections = 0
        var channel: (any Channel)?
    }

    private let state = Mutex(State())
    private let script: Script

    private init(_ script: @escaping Script) { self.script = script }

    static func start(_ script: @escaping Script = { _, _ in .ok }) async throws -> HTTPServer {
        let server = HTTPServer(script)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .childChannelInitializer { channel in
                server.state.withLock { $0.connections += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.state.withLock { $0.channel = channel }
        return server
    }

    var requests: [Request] { state.withLock { $0.requests } }
    var connections: Int { state.withLock { $0.connections } }
    var port: Int { state.withLock { $0.channel?.localAddress?.port ?? 0 } }
    var url: String { "http://127.0.0.1:\(port)/orders" }

    func stop() async throws { try await state.withLock { $0.channel }?.close() }

    fileprivate func answer(_ request: Request) -> Answer? {
        let number = state.withLock { state in
            state.requests.append(request)
            return state.requests.count - 1
        }
        return script(request, number)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let server: HTTPServer
        private var request = Request()

        init(_ server: HTTPServer) { self.server = server }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): request = Request(method: head.method.rawValue, path: head.uri, headers: head.headers)
            case .body(let bytes): request.body += bytes.readableBytesView
            case .end:
                guard let answer = server.answer(request) else { return }
                var headers = HTTPHeaders(answer.headers)
                headers.add(name: "Content-Length", value: "\(answer.body.utf8.count)")
                let status = HTTPResponseStatus(statusCode: answer.status)
                let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}

extension HTTPServer {
    func sink(
        _ request: Deliver.Request = Deliver.Request(), path: String? = nil, timeout: Duration = .seconds(30),
        errors: [ErrorRule] = [], environment: [String: String] = [:]
    ) throws -> HTTPSink {
        let url = path.map { "http://127.0.0.1:\(port)\($0)" } ?? url
        let deliver = Deliver(name: "api", to: .http(url), request: request, timeout: timeout, errors: errors)
        return try HTTPSink(deliver, url: url, environment: environment, logger: .silent)
    }
}

/// Records that are numbered by their identity and their member `n`.
func numbered(_ numbers: Range<Int>) -> [SinkRecord] {
    numbers.map { record(#"{"n":\#($0)}"#, identity: "r\($0)") }
}

/// What a write comes to, in a word and its reason.
func outcome(_ sink: HTTPSink, _ batch: [SinkRecord]) async -> (word: String, reason: String, error: SinkError?) {
    do throws(SinkError) {
        let effects = try await sink.write(batch)
        return (effects.allSatisfy { $0 == .written } ? "written" : "else", "", nil)
    } catch {
        let word =
            switch error {
            case .rejected(let rejections): "rejected \(rejections.map(\.index))"
            case .batchRejected: "halve"
            case .tooLarge: "smaller"
            case .busy: "busy"
            case .unavailable: "unavailable"
            }
        return (word, error.reason, error)
    }
}
