import AsyncHTTPClient
import Foundation
import Logging
import Sluice
import SluiceEmbedded
import SluiceServer
import SluiceTesting
import Synchronization

@testable import SluiceAWS

/// The circle: our client, our server, our store. A process that has died leaves its folder; the next one listens
/// elsewhere.
final class WireFixture: EngineFixture {
    private struct Running {
        let engine: EmbeddedEngine
        let address: ListenAddress
        let serving: Task<Void, any Error>
    }

    private static let keys = (id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

    let clock = ManualClock()
    private let path = NSTemporaryDirectory() + "/sluice-wire-" + UUID().uuidString
    private let running = Mutex<Running?>(nil)
    private let pipelines = Mutex<[Pipeline]>([])
    private let credentials: CredentialChain

    static func quiet() -> Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    init() async throws {
        credentials = CredentialChain(
            [
                EnvironmentCredentials(environment: [
                    "AWS_ACCESS_KEY_ID": Self.keys.id, "AWS_SECRET_ACCESS_KEY": Self.keys.secret,
                ])
            ], clock: clock)
        try await start()
    }

    private func start() async throws {
        let clock = clock
        let engine = try await EmbeddedEngine.open(
            folder: path, create: true, version: "test", logger: Self.quiet()
        ) { _ in clock }
        try await engine.apply(pipelines.withLock { $0 })
        let endpoints = Endpoints(
            engine: ServerEngine(
                queues: engine.directory, clock: clock, secret: engine.secret, reports: { [] },
                detail: { throw ControlError.unknown($0) }),
            access: .keys(AccessKeys([Self.keys.id: Self.keys.secret])), home: Home(), logger: Self.quiet())
        let server = try await PortServer.bind(
            ListenAddress(host: "127.0.0.1", port: 0), endpoints: endpoints, tls: nil, logger: Self.quiet())
        running.withLock {
            $0 = Running(engine: engine, address: server.address, serving: Task { try await server.run() })
        }
    }

    func end() async throws {
        let running = running.withLock { running in
            defer { running = nil }
            return running
        }
        running?.serving.cancel()
        _ = await running?.serving.result
        await running?.engine.close()
    }

    func remove() async throws {
        try await end()
        try FileManager.default.removeItem(atPath: path)
    }

    private var present: Running {
        guard let running = running.withLock({ $0 }) else { fatalError("the server is not there") }
        return running
    }

    func restart() async throws {
        try await end()
        try await start()
    }

    func apply(_ pipeline: Pipeline) async throws {
        try await present.engine.apply([pipeline])
        pipelines.withLock { $0.append(pipeline) }
    }

    var settler: any Settler { present.engine.settler }
    var control: any Control { present.engine.control(registry: nil) }

    func queue(named name: String) -> any BoundedQueue {
        let endpoint = "http://\(present.address)"
        let client = SQSQueue.client(
            endpoint: endpoint, region: "us-east-1", http: HTTPClient.shared, credentials: credentials, clock: clock)
        return SQSQueue(name: name, url: "\(endpoint)/000000000000/\(name)", client: client, clock: clock)
    }
}
