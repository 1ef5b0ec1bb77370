import NIOCore
import NIOHTTP1
import Sluice
import Synchronization

/// One connection: requests on one side, the service behind the port on the other, answers in the order of the requests.
final class ServerConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    /// What all connections of a port share.
    final class Shared: Sendable {
        let limits: ServerLimits
        let isTLS: Bool
        let respond: @Sendable (ServerRequest) async -> ServerAnswer
        let bodyBytes = Atomic<Int>(0)
        let open = OpenConnections()

        init(limits: ServerLimits, isTLS: Bool, respond: @escaping @Sendable (ServerRequest) async -> ServerAnswer) {
            self.limits = limits
            self.isTLS = isTLS
            self.respond = respond
        }
    }

    /// The port ends: what is asked already is answered, and nobody is waited for.
    struct Drain {}

    /// What becomes of a request whose body is arriving.
    private enum Arrival {
        case none
        case arriving(HTTPRequestHead)
        /// It is answered already: what is left of it is thrown away.
        case refused
    }

    private let shared: Shared
    private var arrival = Arrival.none
    private var body: [UInt8] = []
    /// Whole requests that wait for the ones before them.
    private var waiting: [(request: ServerRequest, keepsAlive: Bool)] = []
    private var isAnswering = false
    /// The other side sends no more.
    private var isInputClosed = false
    /// What a request is refused with, once those before it are answered.
    private var refusal: ServerAnswer?
    private var task: Task<Void, Never>?
    private let executor: LoopExecutor
    private var deadline = NIODeadline.distantFuture
    private var timer: Scheduled<Void>?
    /// When the timer fires.
    private var armed = NIODeadline.distantFuture
    private var peer = ""

    init(_ shared: Shared, executor: LoopExecutor) {
        self.shared = shared
        self.executor = executor
    }

    // MARK: The connection

    func channelActive(context: ChannelHandlerContext) {
        guard shared.open.add(context.channel, most: shared.limits.mostConnections) else {
            return context.close(promise: nil)
        }
        peer = context.remoteAddress?.ipAddress ?? ""
        expect(within: shared.limits.idleTime, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func end() {
        // Whoever waits for a message has gone.
        task?.cancel()
        timer?.cancel()
        timer = nil
        release(body.count)
        body = []
        waiting = []
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
        let status = error == .headerOverflow ? 431 : 400
        refuse(.text(status, status == 431 ? "The headers are too long." : "This is not HTTP: \(error)."), context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { closeInput(context) }
        if event is Drain {
            // A receive that waits for a first message answers that there is none.
            task?.cancel()
            if !isAnswering, waiting.isEmpty { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// The other side has sent its last, or is gone: the two look alike. What it asked for is still answered, but no
    /// message is waited for any more, for nobody might be there to take it. A receive has looked once by then.
    private func closeInput(_ context: ChannelHandlerContext) {
        isInputClosed = true
        guard isAnswering else { return context.close(promise: nil) }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.lastLook) { bound.value.task?.cancel() }
    }

    private static let lastLook = TimeAmount.milliseconds(200)

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let part): take(part, context)
        case .end: finish(context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if case .refused = arrival { return }
        arrival = .arriving(head)
        expect(within: shared.limits.requestTime, context)
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }) {
            guard length <= shared.limits.longestBody else { return refuseBody(context) }
            body.reserveCapacity(length)
        }
        if waiting.count >= shared.limits.mostPipelined {
            return refuse(.text(429, "Too many requests were sent before the first was answered."), context)
        }
        if head.headers[canonicalForm: "expect"].contains("100-continue") {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
        }
    }

    private func take(_ part: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .arriving = arrival else { return }
        guard body.count + part.readableBytes <= shared.limits.longestBody else { return refuseBody(context) }
        let all = shared.bodyBytes.wrappingAdd(part.readableBytes, ordering: .relaxed).newValue
        body.append(contentsOf: part.readableBytesView)
        if all > shared.limits.mostBodyBytes {
            refuse(.text(503, "Too many large requests are arriving at once."), context)
        }
    }

    private func refuseBody(_ context: ChannelHandlerContext) {
        refuse(.text(413, "A body has at most \(shared.limits.longestBody) bytes."), context)
    }

    private func release(_ bytes: Int) { shared.bodyBytes.wrappingSubtract(bytes, ordering: .relaxed) }

    private func finish(_ context: ChannelHandlerContext) {
        guard case .arriving(let head) = arrival else { return }
        arrival = .none
        release(body.count)
        let request = ServerRequest(head, body: body[...], isTLS: shared.isTLS, peer: peer)
        body = []
        waiting.append((request, head.isKeepAlive))
        answerNext(context)
    }

    // MARK: Answers

    private func answerNext(_ context: ChannelHandlerContext) {
        guard !isAnswering, !waiting.isEmpty else { return }
        let (request, keepsAlive) = waiting.removeFirst()
        isAnswering = true
        expect(within: nil, context)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // On the connection's own loop: nobody has to be woken between the request, the store's answer and the socket.
        task = Task(executorPreference: executor) { [shared] in
            let answer = await shared.respond(request)
            bound.eventLoop.execute {
                let (connection, context) = bound.value
                connection.write(answer, isHead: request.method == "HEAD", keepsAlive: keepsAlive, context)
            }
        }
    }

    private func write(
        _ answer: ServerAnswer, isHead: Bool, keepsAlive: Bool, _ context: ChannelHandlerContext
    ) {
        isAnswering = false
        task = nil
        guard context.channel.isActive else { return }
        let isLast = waiting.isEmpty
        let keepsAlive = keepsAlive && !shared.open.isDraining && !(isInputClosed && isLast && refusal == nil)
        expect(within: shared.limits.requestTime, context)
        let buffer = Self.encode(answer, isHead: isHead, keepsAlive: keepsAlive, context)
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: written)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in
            let (connection, context) = bound.value
            guard keepsAlive else { return context.close(promise: nil) }
            if case .refused = connection.arrival { return }
            if isLast, !connection.isAnswering { connection.expect(within: connection.shared.limits.idleTime, context) }
        }
        guard keepsAlive else { return }
        answerNext(context)
        if isLast, let refusal { write(refusal, context) }
    }

    /// Answers in its turn and closes: what is left of the request cannot be told from the next one.
    private func refuse(_ answer: ServerAnswer, _ context: ChannelHandlerContext) {
        if case .refused = arrival { return }
        arrival = .refused
        release(body.count)
        body = []
        if isAnswering { refusal = answer } else { write(answer, context) }
    }

    private func write(_ refusal: ServerAnswer, _ context: ChannelHandlerContext) {
        self.refusal = nil
        let buffer = Self.encode(refusal, isHead: false, keepsAlive: false, context)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        // A client that still writes would not see the answer if its connection were gone at once.
        expect(within: .seconds(1), context)
    }

    private static func encode(
        _ answer: ServerAnswer, isHead: Bool, keepsAlive: Bool, _ context: ChannelHandlerContext
    ) -> ByteBuffer {
        let status = HTTPResponseStatus(statusCode: answer.status)
        var buffer = context.channel.allocator.buffer(capacity: 256 + answer.body.count)
        buffer.writeString("HTTP/1.1 \(answer.status) \(status.reasonPhrase)\r\n")
        if !answer.contentType.isEmpty { buffer.writeString("Content-Type: \(answer.contentType)\r\n") }
        for header in answer.headers { buffer.writeString("\(header.name): \(header.value)\r\n") }
        buffer.writeString("Content-Length: \(answer.body.count)\r\n")
        buffer.writeString(keepsAlive ? "\r\n" : "Connection: close\r\n\r\n")
        if !isHead { buffer.writeBytes(answer.body) }
        return buffer
    }

    // MARK: Time

    /// Closes the connection unless something happens in time; `nil` = it may take as long as it takes.
    private func expect(within time: TimeAmount?, _ context: ChannelHandlerContext) {
        deadline = time.map { .now() + $0 } ?? .distantFuture
        if timer != nil, deadline < armed {
            timer?.cancel()
            timer = nil
        }
        if timer == nil { arm(context) }
    }

    /// One timer a connection, moved when it fires, or for an earlier moment: most requests do not cost one.
    private func arm(_ context: ChannelHandlerContext) {
        guard deadline != .distantFuture else { return }
        armed = deadline
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: deadline) {
            let (connection, context) = bound.value
            connection.timer = nil
            guard connection.deadline <= .now() else { return connection.arm(context) }
            context.close(promise: nil)
        }
    }
}
