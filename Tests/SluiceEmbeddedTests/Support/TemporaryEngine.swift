import Foundation
import Logging
import Sluice
import SluiceEmbedded
import SluiceTesting
import Synchronization

/// A data folder that is removed afterwards, and the engine on it, which can be ended and started again.
final class TemporaryEngine: EngineFixture {
    let path: String
    let clock: ManualClock
    let faults: StoreFaults
    private let current = Mutex<EmbeddedEngine?>(nil)
    private let pipelines = Mutex<[Pipeline]>([])

    init(clock: ManualClock = ManualClock(), faults: StoreFaults = StoreFaults()) async throws {
        path = Self.parent + "/sluice-test-" + UUID().uuidString
        self.clock = clock
        var faults = faults
        faults.reserve = 1 << 20
        self.faults = faults
        try await start()
    }

    /// In memory where there is such a folder: what a commit survives here is the end of the engine, not of the machine.
    static let parent = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Logger(label: "test").warning("a test's folder stays behind", metadata: ["path": "\(path)"])
        }
    }

    var engine: EmbeddedEngine {
        guard let engine = current.withLock({ $0 }) else { fatalError("the engine is not open") }
        return engine
    }

    static func quiet() -> Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    func start() async throws {
        let clock = clock
        let engine = try await EmbeddedEngine.open(
            folder: path, create: true, version: "test", logger: Self.quiet(), faults: faults
        ) { _ in clock }
        current.withLock { $0 = engine }
        try await engine.apply(pipelines.withLock { $0 })
    }

    func close() async {
        let engine = current.withLock { current in
            defer { current = nil }
            return current
        }
        await engine?.close()
    }

    func restart() async throws {
        await close()
        try await start()
    }

    func apply(_ pipeline: Pipeline) async throws {
        try await engine.apply([pipeline])
        pipelines.withLock { pipelines in
            pipelines.removeAll { $0.name == pipeline.name }
            pipelines.append(pipeline)
        }
    }

    /// The next start applies nothing.
    func forgetPipelines() { pipelines.withLock { $0 = [] } }

    var settler: any Settler { engine.settler }
    var control: any Control { engine.control(registry: nil) }
    func queue(named name: String) -> any BoundedQueue { engine.queue(named: name) }

    /// The bytes of every file of the folder.
    func contains(_ text: String) throws -> Bool {
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            let data = try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
            if data.range(of: Data(text.utf8)) != nil { return true }
        }
        return false
    }
}
