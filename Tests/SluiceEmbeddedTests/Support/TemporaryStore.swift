import Foundation
import Logging
import Sluice
import SluiceTesting
import Synchronization

@testable import SluiceEmbedded

/// A store without an engine around it, for what only its writer sees.
final class TemporaryStore: Sendable {
    let path = TemporaryEngine.parent + "/sluice-test-" + UUID().uuidString
    let clock = ManualClock()
    let store: Store

    init(faults: StoreFaults = StoreFaults()) async throws {
        var faults = faults
        faults.reserve = 1 << 20
        let clock = clock
        let folder = try DataFolder(path, create: true)
        store = try await Store.open(folder, logger: TemporaryEngine.quiet(), faults: faults) { _ in clock }
    }

    /// Makes a queue that no pipeline has.
    func makeQueue(_ name: String, _ type: QueueType) async throws -> EmbeddedQueue {
        var record = QueueRecord.unclaimed(name)
        record.type = type
        let made = record
        try await store.writer.submit { _ = try $0.add(made) }
        return EmbeddedQueue(name: name, store: store)
    }

    /// Returns once somebody waits for a message of the queue.
    func waitForWaiter(of name: String) async throws {
        while try await store.writer.submit({ try Array($0.queue(named: name).waiters).isEmpty }) { await Task.yield() }
    }

    func close() async throws {
        await store.writer.close("the test is over")
        try FileManager.default.removeItem(atPath: path)
    }
}
