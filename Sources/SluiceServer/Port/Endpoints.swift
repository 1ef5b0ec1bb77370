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

    package init(queues: any QueueDirectory & MessageMoving, clock: any EngineClock, secret: [UInt8]) {
        self.queues = queues
        self.clock = clock
        self.secret = secret
    }
}

/// All services behind one port. Which one a request is for is told from its target header, its signature, its path, its
/// form and its host, in this order.
package final class Endpoints: Sendable {
    private let authenticator: Authenticator
    private let sqs: SQSEndpoint
    private let ready = Mutex<String?>("it is starting")

    package init(engine: ServerEngine, access: Access, home: Home, logger: Logger) {
        authenticator = Authenticator(access, home: home, clock: engine.clock)
        sqs = SQSEndpoint(engine: engine, home: home, logger: logger)
    }

    /// - Parameter reason: why requests are not accepted yet, or any more; `nil` = they are.
    package func setReady(_ reason: String?) { ready.withLock { $0 = reason } }

    func respond(to request: ServerRequest) async -> ServerAnswer {
        if let refusal = authenticator.refusal(of: request) { return .text(403, refusal) }
        switch request.path {
        case "/health": return .text(200, "ok")
        case "/ready":
            let reason = ready.withLock { $0 }
            return .text(reason == nil ? 200 : 503, reason ?? "ready")
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
