package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
package import Sluice

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Serves a `Control` at `control.sock` of a data folder, to the owner of the folder only (mode 0600).
///
/// Whoever binds holds the folder's lock, so that a socket that is there already belongs to a process that is gone,
/// and is replaced. `run()` ends when the process shuts down or its task is cancelled: nobody is let in any more,
/// waits of clients end with an error, what is being stored is stored and answered.
package struct ControlServer: Service {
    typealias Connection = NIOAsyncChannel<ControlFrame, ControlFrame>

    /// Plain channels: a `NIOAsyncChannel` that nobody takes out any more, because we end, would trap.
    private let listener: NIOAsyncChannel<any Channel, Never>
    private let accepted: AcceptedChannels
    private let control: any Control
    private let folder: String
    private let logger: Logger

    /// Clients find the socket from the moment this returns; they are answered once `run()` runs.
    /// - Throws: `ControlError.failed` when the socket cannot be made.
    package static func bind(folder: String, control: any Control, logger: Logger) async throws -> ControlServer {
        let path = try SocketPath(folder: folder)
        unlink(path.address)
        let accepted = AcceptedChannels()
        do {
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 256)
                // Until somebody serves it, nothing is read that would be lost.
                .childChannelOption(.autoRead, value: false)
                .bind(unixDomainSocketPath: path.address) { channel in
                    accepted.add(channel)
                    return channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers(
                            ByteToMessageHandler(
                                ControlFrameDecoder(), maximumBufferSize: 2 * ControlFrame.longest),
                            MessageToByteHandler(ControlFrameEncoder()))
                        return channel
                    }
                }
            // After listen: whoever watches the folder is woken by this change, and finds somebody there.
            chmod(path.address, 0o600)
            return ControlServer(
                listener: listener, accepted: accepted, control: control, folder: folder, logger: logger)
        } catch {
            throw ControlError.failed("the control socket in '\(folder)' cannot be made: \(error)")
        }
    }

    package func run() async throws {
        defer { accepted.closeAll() }
        do {
            try await cancelWhenGracefulShutdown {
                try await listener.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask {
                                await ControlConnection(control: control, logger: logger).serve(connection)
                            }
                        }
                        group.cancelAll()
                    }
                }
            }
        } catch is CancellationError {
            logger.trace("the control socket is closed")
        }
        // We still hold the folder's lock: the socket that goes is our own.
        unlink(try SocketPath(folder: folder).address)
    }
}
