import Foundation
import Sluice

// What `--json` prints. Beside the values of `Control` because those may change with the protocol of the socket, and
// these only grow: times are RFC 3339, durations are seconds, a state is a word, keys are written in snake_case.

struct StatusDocument: Encodable {
    var time: String
    var pipelines: [PipelineDocument]
    var otherQueues: [QueueDocument]
    var discrepancies: [String]
    var diskFull: Bool
    var addsUp: Bool

    init(_ report: StatusReport) {
        time = TimeText.rfc3339(report.time)
        pipelines = report.pipelines.map(PipelineDocument.init)
        otherQueues = report.otherQueues.map(QueueDocument.init)
        discrepancies = report.discrepancies
        diskFull = report.diskFull
        addsUp = report.discrepancies.isEmpty && pipelines.allSatisfy(\.addsUp)
    }
}

struct PipelineDocument: Encodable {
    var pipeline: String
    var running: Bool
    var received: Int
    var replayed: Int
    var delivered: Int
    var filtered: Int
    var unconfirmed: Int
    var waiting: Int
    var inFlight: Int
    var dead: Int
    var discarded: Int
    var expired: Int
    var erased: Int
    var lost: Int
    var movedOut: Int
    var passed: Int
    var outputs: Int
    var addsUp: Bool
    var deadSince: String?
    var deadReason: String?
    var deadReasonCount: Int
    var deadExpires: String?
    var withoutSubject: Int
    var archiveUntil: String?
    var archiveFull: Bool
    var steps: [StepDocument]
    var queues: [QueueDocument]

    init(_ report: PipelineReport) {
        let balance = PipelineBalance(report)
        pipeline = report.name
        running = report.running
        received = balance.received
        replayed = balance.replayed
        delivered = balance.delivered
        filtered = balance.filtered
        unconfirmed = balance.unconfirmed
        waiting = balance.waiting
        inFlight = balance.inFlight
        dead = balance.dead
        discarded = balance.discarded
        expired = balance.expired
        erased = balance.erased
        lost = balance.lost
        movedOut = balance.movedOut
        passed = balance.passed
        outputs = balance.outputs
        addsUp = balance.difference == 0
        deadSince = report.deadSince.map(TimeText.rfc3339)
        deadReason = report.deadReason
        deadReasonCount = report.deadReasonCount
        deadExpires = report.deadExpires.map(TimeText.rfc3339)
        withoutSubject = report.withoutSubject
        archiveUntil = report.archiveUntil.map(TimeText.rfc3339)
        archiveFull = report.isArchiveFull
        steps = report.steps.map(StepDocument.init)
        queues = report.queues.map(QueueDocument.init)
    }
}

struct StepDocument: Encodable {
    var step: String
    var queue: String
    var state: String
    var since: String?
    var reason: String?
    var nextProbe: String?
    var rate: Double
    var code: String?
    var codeSince: String?
    var codeBefore: String?
    var ledger: [String: Int]

    init(_ report: StepReport) {
        step = report.name.step
        queue = report.queue
        rate = report.rate
        code = report.code?.version
        codeSince = report.code.map { TimeText.rfc3339($0.since) }
        codeBefore = report.code?.former
        ledger = report.ledger.named
        switch report.state {
        case .stopped: state = "stopped"
        case .running: state = "running"
        case .heldBack: state = "held_back"
        case .paused(let moment, let why):
            state = "paused"
            since = TimeText.rfc3339(moment)
            reason = why
        case .breakerOpen(let moment, let why, let probe):
            state = "breaker_open"
            since = TimeText.rfc3339(moment)
            reason = why
            nextProbe = TimeText.rfc3339(probe)
        }
    }
}

struct QueueDocument: Encodable {
    var queue: String
    var type: String?
    var pipeline: String?
    var role: String
    var ready: Int
    var delayed: Int
    var inFlight: Int
    var bytes: Int
    var oldest: String?
    /// Left out where there is no limit.
    var capacity: Int?
    var retention: Double
    var maxReceiveCount: Int
    var visibilityTimeout: Double?
    var ledger: [String: Int]

    init(_ report: QueueReport) {
        queue = report.name
        type = report.type?.rawValue
        pipeline = report.pipeline
        switch report.role {
        case .objects: role = "objects"
        case .intake: role = "intake"
        case .delivery: role = "delivery"
        case .deadLetter: role = "dead_letters"
        case .other: role = "other"
        }
        ready = report.depth.ready
        delayed = report.depth.delayed
        inFlight = report.depth.inFlight
        bytes = report.depth.bytes
        oldest = report.depth.oldest.map(TimeText.rfc3339)
        capacity = report.settings.capacity == .max ? nil : report.settings.capacity
        retention = report.settings.retention.inSeconds
        maxReceiveCount = report.settings.maxReceiveCount
        visibilityTimeout = report.settings.visibilityTimeout?.inSeconds
        ledger = report.ledger.named
    }
}

struct DeadLetterGroupDocument: Encodable {
    var group: Int
    var pipeline: String
    var fingerprint: String
    var count: Int
    var step: String
    var reason: String
    var first: String
    var last: String
    var code: String?

    init(_ numbered: NumberedGroup) {
        group = numbered.number
        pipeline = numbered.group.pipeline
        fingerprint = numbered.group.fingerprint
        count = numbered.group.count
        step = numbered.group.step
        reason = numbered.group.reason
        first = TimeText.rfc3339(numbered.group.first)
        last = TimeText.rfc3339(numbered.group.last)
        code = numbered.group.version
    }
}

struct DeadLetterDocument: Encodable {
    struct FailureDocument: Encodable {
        var time: String
        var step: String
        var type: String?
        var reason: String
        var code: String?
    }

    var id: String
    var pipeline: String
    var queue: String
    var source: String
    var record: String
    var name: String?
    var group: String?
    var received: String
    var died: String
    var receiveCount: Int
    var failures: [FailureDocument]
    var failuresOmitted: Int
    /// What was logged at the last failure.
    var log: [LogDocument]
    /// Base64; `body_text` beside it where the bytes are UTF-8.
    var body: String?
    var bodyText: String?

    /// - Parameters:
    ///   - entries: what was logged at its last failure.
    ///   - bodyOnce: where there is a text, without base64.
    init(_ letter: DeadLetter, log entries: [LogEntry] = [], bodyOnce: Bool = false) {
        id = letter.id.description
        pipeline = letter.pipeline
        queue = letter.queue
        source = letter.source
        record = letter.identity.text
        name = letter.name
        group = letter.group
        received = TimeText.rfc3339(letter.received)
        died = TimeText.rfc3339(letter.died)
        receiveCount = letter.receiveCount
        failures = letter.history.kept.map {
            FailureDocument(
                time: TimeText.rfc3339($0.time), step: $0.step, type: $0.type, reason: $0.reason, code: $0.version)
        }
        failuresOmitted = letter.history.omitted
        log = entries.map(LogDocument.init)
        bodyText = String(validating: letter.body, as: UTF8.self)
        body = bodyOnce && bodyText != nil ? nil : Data(letter.body).base64EncodedString()
    }
}

extension [LedgerEntry: Int] {
    fileprivate var named: [String: Int] {
        reduce(into: [:]) { $0[$1.key.words.replacing(" ", with: "_")] = $1.value }
    }
}
