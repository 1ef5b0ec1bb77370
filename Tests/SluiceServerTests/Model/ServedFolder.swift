import Foundation
import Logging
import Sluice
import SluiceEmbedded
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceServer

/// A data folder, the engine on it and the port before that; the store can be let die at a commit to come, and all of it
/// be started again. It listens elsewhere then.
final class ServedFolder: Sendable {
    struct Died: Error {}

    private struct Running {
        let engine: EmbeddedEngine
        let address: ListenAddress
        let serving: Task<Void, any Error>
    }

    private struct Death {
        var commitsLeft: Int
        let moment: StoreFaults.Moment
    }

    let clock = ManualClock()
    private let path = ServedFolder.parent + "/sluice-model-" + UUID().uuidString
    private let running = Mutex<Running?>(nil)
    private let death = Mutex<Death?>(nil)

    /// In memory where there is such a folder: what a commit survives here is the end of the engine, not of the machine.
    private static let parent =
        FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()

    private static func quiet() -> Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    init() async throws { try await start() }

    var now: Int { Int(clock.now.milliseconds) }

    var address: ListenAddress {
        guard let running = running.withLock({ $0 }) else { fatalError("the server is not there") }
        return running.address
    }

    // MARK: Deaths

    /// The `commit`th commit from now on (from 0) is the last.
    func die(atCommit commit: Int, _ moment: StoreFaults.Moment) {
        death.withLock { $0 = Death(commitsLeft: commit, moment: moment) }
    }

    func live() { death.withLock { $0 = nil } }

    private func reach(_ moment: StoreFaults.Moment) throws {
        try death.withLock { death in
            guard let present = death else { return }
            if present.commitsLeft <= 0, moment == present.moment { throw Died() }
            if moment == .afterCommit { death?.commitsLeft -= 1 }
        }
    }

    // MARK: Lives

    private func start() async throws {
        let clock = clock
        let faults = StoreFaults(reserve: 1 << 20, commit: { try self.reach($0) })
        let engine = try await EmbeddedEngine.open(
            folder: path, create: true, version: "test", logger: Self.quiet(), faults: faults
        ) { _ in clock }
        let served = ServerEngine(
            queues: engine.directory, clock: clock, secret: engine.secret, reports: { [] },
            detail: { throw ControlError.unknown($0) })
        let server = try await PortServer.bind(
            ListenAddress(host: "127.0.0.1", port: 0),
            endpoints: Endpoints(
                engine: served, access: .everybody(allowedHosts: []), home: Home(), logger: Self.quiet()),
            tls: nil, logger: Self.quiet())
        running.withLock {
            $0 = Running(engine: engine, address: server.address, serving: Task { try await server.run() })
        }
    }

    /// - Returns: what the folder is found to have wrong with it.
    func end() async throws -> [String] {
        let running = running.withLock { running in
            defer { running = nil }
            return running
        }
        running?.serving.cancel()
        try await running?.serving.value
        await running?.engine.close()
        return try await DataCheck.problems(inFolder: path, logger: Self.quiet())
    }

    func restart() async throws -> [String] {
        let problems = try await end()
        try await start()
        return problems
    }

    func remove() throws { try FileManager.default.removeItem(atPath: path) }
}
