import Sluice
import SluiceEmbedded

/// When the pipelines of a run move no more by themselves.
struct Stillness: Sendable {
    /// A step, the queue it receives from, and the queue that its outputs go to.
    struct Stage: Sendable {
        var control: StepControl
        var queue: String
        var downstream: String?
    }

    let engine: EmbeddedEngine
    let stages: [Stage]

    /// Probes after which a breaker is taken for stuck.
    private static let probes = 3

    func wait() async throws {
        while true {
            let stalled = stalledQueues()
            let isStill = try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await engine.waitUntilIdle(stages.map(\.queue).filter { !stalled.contains($0) })
                    return true
                }
                // Whichever step stalls, or goes on, changes what has to be idle.
                for stage in stages {
                    let isStalled = stage.control.isStalled(afterProbes: Self.probes)
                    group.addTask {
                        try await stage.control.wait(untilStalled: !isStalled, afterProbes: Self.probes)
                        return false
                    }
                }
                defer { group.cancelAll() }
                return try await group.next() ?? true
            }
            if isStill, stalled == stalledQueues() { return }
        }
    }

    /// The queues that a stalled step does not receive from, and those whose step is held back by one of them.
    private func stalledQueues() -> Set<String> {
        var stalled = Set(stages.filter { $0.control.isStalled(afterProbes: Self.probes) }.map(\.queue))
        for stage in stages.reversed() {
            if let downstream = stage.downstream, stalled.contains(downstream), stage.control.reportedState == .heldBack {
                stalled.insert(stage.queue)
            }
        }
        return stalled
    }
}
