package import Logging
package import Sluice
import SluiceWire
import Synchronization

/// What a server needs of the engine behind it.
package struct ServerEngine: Sendable {
    package var queues: any QueueDirectory & MessageMoving
    package var clock: any EngineClock
    /// 32 bytes that nobody else has: receipts of this folder are told from others by them.
    package var secret: [UInt8]

    /// The figures of all queues at this moment.
    package var reports: @Sendable () async throws -> [QueueReport]
    /// Which groups wait in a queue, and how long it will take.
    package var detail: @Sendable (_ queue: String) async throws -> QueueDetail

    package init(
        queues: any QueueDirectory & MessageMoving, clock: any EngineClock, secret: [UInt8],
        reports: @escaping @Sendable () async throws -> [QueueReport],
        detail: @escaping @Sendable (_ queue: String) async throws -> QueueDetail
    ) {
        self.queues = queues
        self.clock = clock
        self.secret = secret
        self.reports = reports
        self.detail = detail
    }
}

/// All services behind one port. Which one a request is for is told from its target header, its signature, its path, its
/// form and its host, in this order.
package final class Endpoints: Sendable {
    private let authenticator: Authenticator
    private let sqs: SQSEndpoint
    private let engine: ServerEngine
    private let ready = Mutex<String?>("it is starting")

    package init(engine: ServerEngine, access: Access, home: Home, logger: Logger) {
        authenticator = Authenticator(access, home: home, clock: engine.clock)
        self.engine = engine
        sqs = SQSEndpoint(engine: engine, home: home, logger: logger)
    }

    /// - Parameter reason: why requests are not accepted yet, or any more; `nil` = they are.
    package func setReady(_ reason: String?) { ready.withLock { $0 = reason } }

    /// Figures are for whoever may ask for anything.
    private func metrics(for request: ServerRequest) async -> ServerAnswer {
        do {
            try authenticator.checkPlain(request)
            let (reports, waiting, now) = (try await engine.reports(), try await waiting(), engine.clock.now)
            // Not on the connection's loop: of ten thousand queues it is megabytes, and all requests would wait.
            let text = await Task(executorPreference: globalConcurrentExecutor) {
                QueueMetrics.text(of: reports, waiting, at: now)
            }.value
            var answer = ServerAnswer.text(200, text)
            answer.contentType = "text/plain; version=0.0.4; charset=utf-8"
            return answer
        } catch {
            let error = WireError(error)
            return .text(error.status, error.message)
        }
    }

    /// The queues in which something waits.
    private func waiting() async throws -> [QueueDetail] {
        var details: [QueueDetail] = []
        for report in try await engine.reports() where report.depth.ready > 0 {
            do {
                details.append(try await engine.detail(report.name))
            } catch ControlError.unknown {
                // It was deleted meanwhile.
                continue
            }
        }
        return details
    }

    func respond(to request: ServerRequest) async -> ServerAnswer {
        if let refusal = authenticator.refusal(of: request) { return .text(403, refusal) }
        switch request.path {
        case "/health": return .text(200, "ok")
        case "/ready":
            let reason = ready.withLock { $0 }
            return .text(reason == nil ? 200 : 503, reason ?? "ready")
        case "/metrics": return await metrics(for: request)
        default: break
        }
        if let wire = SQSEndpoint.wire(of: request) {
            return await sqs.respond(to: request, wire) { try self.authenticator.caller(of: request, service: "sqs") }
        }
        return .text(
            404,
            "Nothing answers to \(request.method) \(request.path) here: this port speaks SQS (JSON and Query), and has /health "
                + "and /ready.")
    }
}
