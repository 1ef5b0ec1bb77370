package import Sluice

/// A control without an engine: queues are arrays, records die when the test says so. It obeys the contract of
/// `Control` (`ControlConformance` runs on it), so that sockets and commands can be tested for themselves.
package actor ScriptedControl: Control {
    private struct Queue {
        var name: String
        var type: QueueType?
        var role: QueueReport.Role
        var pipeline: String?
        var capacity = 1_000_000
        var messages: [NewMessage] = []
        var ledger: [LedgerEntry: Int] = [:]
        var discards: [QueueDetail.Discard] = []
    }

    private var queues: [String: Queue] = [:]
    private var dead: [DeadLetter] = []
    private var pauses: [StepName: String?] = [:]
    private var generator = SystemRandomNumberGenerator()
    private var clock: Int64 = 1_750_000_000_000
    private let changes = Signal()
    private var objects: [StoredObject] = []
    /// What each session of sends was answered, message by message.
    private var sessions: [UInt128: [SendResult]] = [:]

    /// All sends, as they came: how many messages each had.
    package private(set) var sends: [Int] = []
    /// The bodies of everything that was stored, in order.
    package private(set) var stored: [Bytes] = []
    /// What `hello` answers.
    package var greeting = ControlHello(version: "test", processID: 4_711, folder: "/test", pipelines: ["orders"])
    /// What the next sends throw.
    package private(set) var sendError: (any Error)?
    /// So many of the next sends are stored, and their answers lost with the process.
    private var answersToLose = 0
    /// What the ledger is said to have wrong.
    package private(set) var discrepancies: [String] = []

    /// What a reload would change; `nil` = nothing runs.
    private var reloads: ReloadPlan?
    /// The files of every reload that was done.
    package private(set) var reloadedFiles: [[String]?] = []

    package init() {
        for (name, role) in [
            ("orders-in", QueueReport.Role.intake), ("orders-sqlite", .delivery), ("orders-in-dlq", .deadLetter),
            ("orders-sqlite-dlq", .deadLetter),
        ] {
            queues[name] = Queue(name: name, type: .standard, role: role, pipeline: "orders")
        }
    }

    // MARK: The script

    package func setGreeting(_ greeting: ControlHello) { self.greeting = greeting }
    package func setDiscrepancies(_ texts: [String]) { discrepancies = texts }

    package func setSendError(_ error: (any Error)?) { sendError = error }

    package func setReloads(_ plan: ReloadPlan?) { reloads = plan }

    package func loseAnswers(_ count: Int) { answersToLose = count }

    package func setCapacity(_ capacity: Int, of queue: String) {
        queues[queue]?.capacity = capacity
        changes.notify()
    }

    /// The first `count` messages of the intake queue go to its dead-letter queue.
    package func bury(_ count: Int, reason: String) {
        guard var intake = queues["orders-in"] else { return }
        for message in intake.messages.prefix(count) {
            let id = MessageID.random(using: &generator)
            clock += 1
            let now = Timestamp(milliseconds: clock)
            let failure = Failure(reason: reason, type: "ValidationError", step: "transform", time: now)
            dead.append(
                DeadLetter(
                    id: id, pipeline: "orders", queue: "orders-in-dlq", source: "orders-in",
                    identity: RecordIdentity(id), name: nil, group: message.group, received: now, died: now,
                    receiveCount: 1, history: FailureHistory(failure), body: Array(message.body)))
        }
        let buried = min(count, intake.messages.count)
        intake.messages.removeFirst(buried)
        intake.ledger[.deadLettered, default: 0] += buried
        queues["orders-in"] = intake
        queues["orders-in-dlq"]?.ledger[.dead, default: 0] += buried
        changes.notify()
    }

    /// Everything that waits in the pipeline is filtered by its transform.
    package func drain() {
        let count = queues["orders-in"]?.messages.count ?? 0
        queues["orders-in"]?.messages = []
        queues["orders-in"]?.ledger[.done, default: 0] += count
        changes.notify()
    }

    // MARK: Control

    package func hello() -> ControlHello { greeting }

    package func status(pipeline: String?) throws -> StatusReport {
        try check(pipeline)
        let filtered = queues["orders-in"]?.ledger[.done] ?? 0
        let steps = [("transform", "orders-in"), ("sqlite", "orders-sqlite")].map { name, queue in
            let step = StepName(pipeline: "orders", step: name)
            let pause = pauses[step]
            return StepReport(
                name: step, queue: queue, ledger: name == "transform" ? [.filtered: filtered] : [:], rate: 0,
                state: pause.map { .paused(since: Timestamp(milliseconds: clock), reason: $0) } ?? .stopped,
                code: nil)
        }
        let report = PipelineReport(
            name: "orders", running: false, steps: steps, queues: reports { $0.pipeline != nil }, dead: dead.count,
            deadSince: dead.first?.died, deadReason: dead.first?.history.latest?.reason, deadReasonCount: dead.count,
            deadExpires: nil, withoutSubject: 0, archiveUntil: nil)
        return StatusReport(
            time: Timestamp(milliseconds: clock), pipelines: [report], otherQueues: reports { $0.pipeline == nil },
            discrepancies: discrepancies, diskFull: false)
    }

    package func queues(named name: String?) throws -> [QueueReport] {
        guard let name else { return reports { _ in true } }
        let found = reports { QueueNames.bare($0.name) == QueueNames.bare(name) }
        guard !found.isEmpty else { throw ControlError.unknown("there is no queue '\(name)'") }
        return found
    }

    private func reports(_ isIncluded: (Queue) -> Bool) -> [QueueReport] {
        queues.values.filter(isIncluded).sorted { $0.name < $1.name }.map { queue in
            var depth = QueueDepth()
            depth.ready = queue.role == .deadLetter ? dead.count { $0.queue == queue.name } : queue.messages.count
            depth.bytes = queue.messages.reduce(0) { $0 + $1.body.count }
            return QueueReport(
                name: queue.name, type: queue.type, pipeline: queue.pipeline, role: queue.role,
                settings: QueueSettings(capacity: queue.capacity), depth: depth, ledger: queue.ledger)
        }
    }

    package func send(
        _ messages: [NewMessage], to name: String, at position: SendPosition?
    ) async throws -> [SendResult] {
        sends.append(messages.count)
        if let sendError { throw sendError }
        defer { answersToLose = max(0, answersToLose - 1) }
        guard let position else { return try await store(messages, in: name) }
        let before = sessions[position.session] ?? []
        guard position.ordinal <= before.count else {
            throw ControlError.refused("messages before number \(position.ordinal) of this send are missing")
        }
        let repeated = before[position.ordinal...].prefix(messages.count)
        let results = try await store(Array(messages.dropFirst(repeated.count)), in: name)
        sessions[position.session] = before + results
        if answersToLose > 0 { throw ControlError.gone("the process ended") }
        return repeated + results
    }

    private func store(_ messages: [NewMessage], in name: String) async throws -> [SendResult] {
        if queues[name] == nil { queues[name] = Queue(name: name, type: nil, role: .other) }
        while let queue = queues[name], queue.messages.count >= queue.capacity {
            try await changes.wait(after: changes.version)
        }
        queues[name]?.messages += messages
        queues[name]?.ledger[.sent, default: 0] += messages.count
        stored += messages.map(\.body)
        changes.notify()
        return messages.map { _ in .stored(.random(using: &generator)) }
    }

    package func put(_ uploads: [ObjectUpload]) throws -> [StoredObject] {
        for upload in uploads {
            guard BucketNames.problem(of: upload.bucket) == nil else {
                throw ControlError.refused("'\(upload.bucket)' is no name of a bucket")
            }
        }
        let stored = uploads.enumerated().map { index, upload in
            StoredObject(
                object: ObjectVersion(
                    bucket: upload.bucket, key: upload.key, version: "\(objects.count + index)"), size: upload.size,
                etag: upload.etag, modified: Timestamp(milliseconds: clock), sequencer: "\(objects.count + index)")
        }
        let keys = Set(stored.map { "\($0.object.bucket)/\($0.object.key)" })
        objects.removeAll { keys.contains("\($0.object.bucket)/\($0.object.key)") }
        objects += stored
        return stored
    }

    package func archive(pipeline: String?) -> [ArchiveHour] { [] }
    package func rawCopies(_ selection: RawCopySelection) -> RawCopyPage { RawCopyPage(copies: [], next: nil) }
    package func archivedObjects(_ selection: ArchivedObjectSelection) -> [ArchivedObject] { [] }
    package func verifyArchive(pipeline: String, after place: Int64) -> ArchiveVerification { ArchiveVerification() }
    package func places(of identity: RecordIdentity, in pipeline: String) -> [RecordPlace] { [] }
    package func estimate(_ request: ReplayRequest) -> ReplayEstimate {
        ReplayEstimate(kind: .messages, count: 0, bytes: 0, first: nil, last: nil)
    }
    package func beginReplay(_ request: ReplayRequest) -> ReplayReport {
        ReplayReport(number: 1, request: request, kind: .messages)
    }
    package func continueReplay(_ number: Int, atMost limit: Int) throws -> ReplayReport {
        throw ControlError.unknown("there is no replay \(number)")
    }

    package func createQueue(_ name: String, _ attributes: QueueAttributes) -> Bool {
        guard queues[name] == nil else { return false }
        queues[name] = Queue(name: name, type: attributes.fifo == nil ? .standard : .fifo, role: .other)
        return true
    }

    package func detail(ofQueue name: String) throws -> QueueDetail {
        let queue = try queue(name)
        let fifo = queue.type == .fifo ? QueueAttributes.FIFO() : nil
        return QueueDetail(
            report: reports { $0.name == queue.name }[0],
            attributes: QueueAttributes(created: Timestamp(milliseconds: clock), fifo: fifo), groups: [],
            groupCount: 0, drain: nil, discards: queue.discards)
    }

    package func peek(_ name: String, state: PeekedMessage.State?, limit: Int) throws -> [PeekedMessage] {
        let messages = try queue(name).messages
        guard state ?? .ready == .ready else { return [] }
        return messages.prefix(limit).map {
            PeekedMessage(
                id: .random(using: &generator), state: .ready, group: $0.group, sent: Timestamp(milliseconds: clock),
                receiveCount: 0, visible: nil, holder: nil, body: Array($0.body))
        }
    }

    package func purgeQueue(_ name: String, who: String) throws -> Int {
        var queue = try queue(name)
        let count = queue.messages.count
        queue.messages = []
        queue.ledger[.discarded, default: 0] += count
        queue.discards.append(
            QueueDetail.Discard(
                time: Timestamp(milliseconds: clock), action: "PurgeQueue", count: count, who: who, reason: ""))
        queues[queue.name] = queue
        return count
    }

    private func queue(_ name: String) throws -> Queue {
        guard let queue = queues[name] else { throw ControlError.unknown("there is no queue '\(name)'") }
        return queue
    }

    package func codeVersions(of step: StepName) -> [CodeVersion] { [] }

    package func buckets(named name: String?) throws -> [BucketReport] {
        let buckets = Dictionary(grouping: objects, by: \.object.bucket).filter { name ?? $0.key == $0.key }
        if let name, buckets.isEmpty { throw ControlError.unknown("there is no bucket '\(name)'") }
        return buckets.sorted { $0.key < $1.key }.map { bucket, objects in
            BucketReport(
                name: bucket, objects: objects.count, bytes: objects.reduce(0) { $0 + $1.size }, pipelines: [])
        }
    }

    package func objects(_ selection: ObjectSelection) throws -> [StoredObject] {
        _ = try buckets(named: selection.bucket)
        let found = objects.filter {
            $0.object.bucket == selection.bucket && $0.object.key.hasPrefix(selection.prefix)
                && $0.object.key > selection.after ?? ""
        }
        return Array(found.sorted { $0.object.key < $1.object.key }.prefix(selection.limit))
    }

    package func deadLetterGroups(pipeline: String?) throws -> [DeadLetterGroup] {
        try check(pipeline)
        let groups = Dictionary(grouping: dead) { $0.history.latest?.fingerprint ?? "" }
        return groups.values.compactMap { letters in
            guard let first = letters.first, let last = letters.last, let failure = last.history.latest else {
                return nil
            }
            return DeadLetterGroup(
                pipeline: first.pipeline, fingerprint: failure.fingerprint, count: letters.count, step: failure.step,
                reason: failure.reason, first: first.died, last: last.died, version: failure.version)
        }
    }

    package func deadLetters(_ selection: DeadLetterSelection, limit: Int) throws -> [DeadLetter] {
        try check(selection.pipeline)
        return Array(dead.filter { Self.matches($0, selection) }.prefix(limit))
    }

    package func deadLetters(_ selection: DeadLetterSelection, after place: DeadLetterPlace?) throws -> DeadLetterPage {
        try check(selection.pipeline)
        // Two on a page, so that there are several.
        let first = place.map { Int($0.chunk) } ?? 0
        let rest = dead.enumerated().dropFirst(first).filter { Self.matches($0.element, selection) }
        let page = rest.prefix(2)
        let next = page.last.map { DeadLetterPlace(queue: 0, chunk: Int64($0.offset + 1), index: 0) }
        return DeadLetterPage(letters: page.map(\.element), next: rest.count > 2 ? next : nil)
    }

    private static func matches(_ letter: DeadLetter, _ selection: DeadLetterSelection) -> Bool {
        let failure = letter.history.latest
        if let pipeline = selection.pipeline, letter.pipeline != pipeline { return false }
        let ids = [letter.id.description, letter.identity.text]
        if !selection.ids.isEmpty, !selection.ids.contains(where: ids.contains) { return false }
        if let fingerprint = selection.fingerprint, failure?.fingerprint != fingerprint { return false }
        if let reason = selection.reason?.lowercased(), failure?.reason.lowercased().contains(reason) != true {
            return false
        }
        return selection.since.map { letter.died >= $0 } ?? true
    }

    package func redrive(_ selection: DeadLetterSelection, _ options: RedriveOptions) throws -> RedriveReport {
        let letters = try deadLetters(selection, limit: options.limit ?? .max)
        take(letters, as: .movedOut)
        queues["orders-in"]?.messages += letters.map {
            NewMessage(body: (options.body ?? $0.body)[...], group: $0.group)
        }
        queues["orders-in"]?.ledger[.redriven, default: 0] += letters.count
        return RedriveReport(redriven: letters.count, diedAgain: 0, stopped: false)
    }

    package func discard(_ selection: DeadLetterSelection, reason: String, who: String) throws -> Int {
        let letters = try deadLetters(selection, limit: .max)
        take(letters, as: .discarded)
        return letters.count
    }

    private func take(_ letters: [DeadLetter], as entry: LedgerEntry) {
        let ids = Set(letters.map(\.id))
        dead.removeAll { ids.contains($0.id) }
        queues["orders-in-dlq"]?.ledger[entry, default: 0] += letters.count
    }

    package func pause(pipeline: String, step: String?, reason: String?) throws -> [StepName] {
        let steps = try names(pipeline, step)
        for step in steps { pauses.updateValue(reason, forKey: step) }
        return steps
    }

    package func resume(pipeline: String, step: String?) throws -> [StepName] {
        let steps = try names(pipeline, step)
        for step in steps { pauses[step] = nil }
        return steps
    }

    package func wait(pipeline: String?, until condition: WaitCondition) async throws {
        try check(pipeline)
        guard condition != .ready else { return }
        while let queue = queues["orders-in"], !queue.messages.isEmpty {
            try await changes.wait(after: changes.version)
        }
    }

    package func planReload(of files: [String]?) throws -> ReloadPlan {
        guard let reloads else { throw ControlError.failed("nothing runs") }
        return reloads
    }

    package func reload(_ files: [String]?, as shown: ReloadPlan?) throws -> ReloadPlan {
        let plan = try planReload(of: files)
        if let shown, !shown.does(sameAs: plan) { throw ControlError.refused("it is not what was shown") }
        reloadedFiles.append(files)
        return plan
    }

    private func check(_ pipeline: String?) throws {
        guard let pipeline, pipeline != "orders" else { return }
        throw ControlError.unknown("there is no pipeline '\(pipeline)'; did you mean 'orders'?")
    }

    private func names(_ pipeline: String, _ step: String?) throws -> [StepName] {
        try check(pipeline)
        let all = ["transform", "sqlite"]
        guard step == nil || all.contains(step ?? "") else {
            throw ControlError.unknown("pipeline '\(pipeline)' has no step '\(step ?? "")'")
        }
        return all.filter { step == nil || $0 == step }.map { StepName(pipeline: pipeline, step: $0) }
    }
}
