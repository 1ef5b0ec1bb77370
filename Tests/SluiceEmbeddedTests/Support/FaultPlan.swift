import SluiceEmbedded
import Synchronization

/// Lets the store die at a commit to come.
final class FaultPlan: Sendable {
    struct Died: Error {}

    private struct State {
        var commitsLeft: Int?
        var moment = StoreFaults.Moment.beforeCommit
        var isDiskFull = false
    }

    private let state = Mutex(State())

    /// The `commit`th commit from now on (from 0) is the last.
    func arm(commit: Int, _ moment: StoreFaults.Moment) {
        state.withLock {
            $0.commitsLeft = commit
            $0.moment = moment
        }
    }

    func disarm() { state.withLock { $0.commitsLeft = nil } }
    func fillDisk(_ isFull: Bool) { state.withLock { $0.isDiskFull = isFull } }

    var faults: StoreFaults {
        StoreFaults(commit: { try self.reach($0) }, isDiskFull: { self.state.withLock { $0.isDiskFull } })
    }

    private func reach(_ moment: StoreFaults.Moment) throws {
        try state.withLock { state in
            guard let left = state.commitsLeft else { return }
            if left <= 0 && moment == state.moment { throw Died() }
            if moment == .afterCommit { state.commitsLeft = left - 1 }
        }
    }
}
