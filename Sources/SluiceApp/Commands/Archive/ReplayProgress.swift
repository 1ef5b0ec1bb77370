import Sluice
import Synchronization

/// How far a replay was when its command ended.
final class ReplayProgress: Sendable {
    private let report = Mutex<ReplayReport?>(nil)

    /// `nil` = it has no number, or is finished.
    var latest: ReplayReport? { report.withLock { $0?.isFinished == true ? nil : $0 } }

    func note(_ report: ReplayReport) { self.report.withLock { $0 = report } }
}

struct ReplayDocument: Encodable {
    var replay: Int
    var pipeline: String
    var from: String
    var to: String
    var conditions: [String]
    var kind: String
    var sent: Int
    var passedOver: Int
    var waiting: Int
    var finished: Bool

    init(_ report: ReplayReport) {
        replay = report.number
        pipeline = report.request.pipeline
        from = TimeText.rfc3339(report.request.from)
        to = TimeText.rfc3339(report.request.to)
        conditions = report.request.conditions.map(\.text)
        kind = report.kind.rawValue
        sent = report.sent
        passedOver = report.passedOver
        waiting = report.waiting
        finished = report.isFinished
    }
}

struct ReplayEstimateDocument: Encodable {
    var pipeline: String
    var kind: String
    var count: Int
    var bytes: Int
    var first: String?
    var last: String?

    init(_ request: ReplayRequest, _ estimate: ReplayEstimate) {
        pipeline = request.pipeline
        kind = estimate.kind.rawValue
        count = estimate.count
        bytes = estimate.bytes
        first = estimate.first.map(TimeText.rfc3339)
        last = estimate.last.map(TimeText.rfc3339)
    }
}
