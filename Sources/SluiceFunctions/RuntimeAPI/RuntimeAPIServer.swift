import NIOCore
import NIOHTTP1
import NIOPosix
import Sluice

/// The Lambda Runtime API of one execution environment, on a loopback port of its own: the port is how a process is
/// known, because clients build the paths themselves.
struct RuntimeAPIServer: Sendable {
    private let channel: any Channel
    /// `127.0.0.1:PORT`, for `AWS_LAMBDA_RUNTIME_API`.
    let address: String

    private static let host = "127.0.0.1"
    /// A process has one connection, or one for each request; more than these wait.
    private static let backlog: Int32 = 16

    static func start(_ endpoint: RuntimeEndpoint, _ function: FunctionIdentity) async throws -> RuntimeAPIServer {
        let bootstrap = ServerBootstrap(group: FunctionLoop.shared)
            .serverChannelOption(.backlog, value: backlog)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
                    try channel.pipeline.syncOperations.addHandler(
                        RuntimeAPIHandler(endpoint: endpoint, function: function))
                }
            }
        let channel = try await bootstrap.bind(host: host, port: 0).get()
        guard let port = channel.localAddress?.port else {
            throw ControlError.failed("the Runtime API has no port")
        }
        return RuntimeAPIServer(channel: channel, address: "\(host):\(port)")
    }

    private init(channel: any Channel, address: String) {
        self.channel = channel
        self.address = address
    }

    /// Takes no more connections; those there are end with the process.
    func close() { channel.close(promise: nil) }
}
