import Foundation
import Sluice
import Testing

/// The same seeds each time; `SLUICE_MODEL_RUNS=2000` runs so many others, `SLUICE_MODEL_SEED=17` one of them again.
@Suite("Random work, and a death between any two commits")
struct ModelTests {
    static let environment = ProcessInfo.processInfo.environment

    static let seeds: [UInt64] = {
        if let seed = environment["SLUICE_MODEL_SEED"].flatMap(UInt64.init) { return [seed] }
        guard let runs = environment["SLUICE_MODEL_RUNS"].flatMap(Int.init) else { return Array(0..<8) }
        return (0..<runs).map { _ in .random(in: 0..<1_000_000_000) }
    }()

    /// One task: the same seed does exactly the same again.
    @Test("what was answered is there, once, whatever dies", arguments: seeds, QueueType.allCases)
    func alone(_ seed: UInt64, _ type: QueueType) async throws {
        try await ModelRun(seed: seed, type: type, tasks: 1, lives: 5, operations: 60).run()
    }

    @Test("what was answered is there, once, whatever dies, with several at work", arguments: seeds, QueueType.allCases)
    func together(_ seed: UInt64, _ type: QueueType) async throws {
        try await ModelRun(seed: seed, type: type, tasks: 4, lives: 4, operations: 30).run()
    }
}
