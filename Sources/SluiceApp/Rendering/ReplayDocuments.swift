import Sluice

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
