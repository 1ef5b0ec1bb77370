package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Sluice

/// The one port of all services. It owns the sockets, speaks HTTP/1.1, and gives each request that has arrived whole to
/// the service that it is for.
package struct PortServer: Service {
    /// Where it listens: host and port as a client names them.
    package let address: ListenAddress
    package let isTLS: Bool
    private let channel: any Channel
    private let shared: ServerConnection.Shared
    private let group: MultiThreadedEventLoopGroup
    private let logger: Logger

    /// A client finds it from the moment this returns.
    /// - Throws: `ControlError.failed` when the address is taken or cannot be listened on; `.refused` when the
    ///   certificate cannot be used.
    package static func bind(
        _ address: ListenAddress, endpoints: Endpoints, tls: TLSFiles?, logger: Logger
    ) async throws -> PortServer {
        let context = try tls.map { try $0.context() }
        // One loop: on few cores a second one costs more in wake-ups than it brings.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let executor = LoopExecutor(group.next())
        let shared = ServerConnection.Shared(limits: ServerLimits(), isTLS: tls != nil) {
            await endpoints.respond(to: $0)
        }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
                        ServerConnection(shared, executor: executor),
                    ])
                }
            }
        do {
            let channel = try await bootstrap.bind(host: address.host, port: address.port).get()
            let port = channel.localAddress?.port ?? address.port
            return PortServer(
                address: ListenAddress(host: address.host, port: port), isTLS: tls != nil, channel: channel,
                shared: shared, group: group, logger: logger)
        } catch {
            try await group.shutdownGracefully()
            throw PortError(address, error)
        }
    }

    /// Serves until the process shuts down; then what is asked already is answered, and receives that wait are ended.
    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await channel.closeFuture.get(cancelling: true) }
        } catch is CancellationError {
            logger.trace("the port is closed", metadata: ["address": "\(address)"])
        }
        channel.close(promise: nil)
        await withTaskCancellationHandler {
            await shared.open.drain()
        } onCancel: {
            shared.open.closeAll()
        }
        try await group.shutdownGracefully()
    }
}

/// The address cannot be listened on.
package struct PortError: Error, CustomStringConvertible {
    package let description: String

    init(_ address: ListenAddress, _ error: any Error) {
        let what =
            switch (error as? IOError)?.errnoCode {
            case EADDRINUSE: "somebody listens there already"
            case EACCES, EPERM: "this user may not listen there"
            case EADDRNOTAVAIL: "this machine does not have that address"
            default: "\(error)"
            }
        description = "cannot listen on \(address): \(what); choose another with --listen HOST:PORT (port 0 = any)"
    }
}

extension EventLoopFuture<Void> {
    /// Waits, and ends with `CancellationError` when the task is cancelled.
    fileprivate func get(cancelling: Bool) async throws {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        whenComplete { _ in continuation.finish() }
        for await _ in stream {}
        try Task.checkCancellation()
    }
}
