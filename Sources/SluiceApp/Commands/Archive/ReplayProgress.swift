import Sluice
import Synchronization

/// How far a replay was when its command ended.
final class ReplayProgress: Sendable {
    private let report = Mutex<ReplayReport?>(nil)

    /// `nil` = it has no number, or is finished.
    var latest: ReplayReport? { report.withLock { $0?.isFinished == true ? nil : $0 } }

    func note(_ report: ReplayReport) { self.report.withLock { $0 = report } }
}
