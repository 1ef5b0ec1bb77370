import Foundation
import GRDB
import Sluice

/// What definitions make of the folder's queues.
extension StoreState {
    /// Makes, renames and claims the queues of a pipeline, and notes its settings.
    ///
    /// - Returns: the queues that were filled before this definition: what they hold is claimed chunk by chunk.
    /// - Throws: `ControlError.refused` with the ways out, before anything is changed.
    func define(_ pipeline: Pipeline) throws -> [String] {
        try check(pipeline)
        let wanted = QueueRecord.queues(of: pipeline)
        let renamed = renamed(pipeline)?.stages ?? []
        for record in wanted { try takeOver(record) }
        let claimed = try wanted.filter { try put($0) }.map(\.name)
        var record = PipelineRecord(
            name: pipeline.name, stages: pipeline.stages.map { .init(queue: $0.queue, step: $0.step) },
            archiveKeep: pipeline.archive?.keep, definition: pipelines[pipeline.name]?.definition)
        let former = pipelines[pipeline.name]?.stages ?? []
        for index in record.stages.indices {
            let step = record.stages[index].step
            let same = former.first { $0.step == step }
            record.stages[index].code = same?.code
            record.stages[index].brokenCode = same?.brokenCode
        }
        try put(record)
        try movePauses(from: former.isEmpty ? renamed : former, to: record.stages)
        return claimed
    }

    /// Whether what is stored allows this definition; changes nothing.
    /// - Throws: `ControlError.refused` with the ways out.
    func check(_ pipeline: Pipeline) throws {
        let wanted = QueueRecord.queues(of: pipeline)
        for record in wanted { try check(record) }
        try checkLeftBehind(pipeline, wanted)
    }

    /// What this pipeline was, where it is there under another name: the one whose intake queue it has now.
    private func renamed(_ pipeline: Pipeline) -> PipelineRecord? {
        guard pipelines[pipeline.name] == nil,
            let intake = QueueRecord.queues(of: pipeline).first(where: { $0.role == .intake }).flatMap(existing),
            let owner = intake.record.pipeline, uses(owner, intake)
        else { return nil }
        return pipelines[owner]
    }

    /// Whether a pipeline may go, so that nobody works on what it has; changes nothing.
    /// - Throws: `ControlError.refused` with the ways out.
    func checkRemoval(of pipeline: String) throws {
        let full = queues.values.filter { $0.record.pipeline == pipeline && $0.depth.messages > 0 }
        guard !full.isEmpty else { return }
        let what = full.sorted { $0.id < $1.id }.map { "'\($0.name)' \($0.depth.messages)" }
        throw ControlError.refused(
            "pipeline '\(pipeline)' cannot be removed yet: it holds messages (\(what.joined(separator: ", "))); keep its "
                + "definition until it is idle, and redrive or discard its dead letters")
    }

    /// The queue that a definition's name means: of this name, or of the same name in the other type.
    private func existing(_ record: QueueRecord) -> QueueState? {
        let bare = QueueNames.bare(record.name)
        let id = names[record.name] ?? names[bare] ?? names[QueueType.fifo.fullName(bare)]
        return id.flatMap { queues[$0] }
    }

    private func check(_ record: QueueRecord) throws {
        guard let queue = existing(record) else { return }
        let waiting = queue.depth.messages
        if let owner = queue.record.pipeline, owner != record.pipeline { try checkOwner(owner, of: queue, record) }
        if let type = queue.record.type, type != record.type, waiting > 0 {
            throw ControlError.refused(
                "queue '\(queue.name)' is \(type.rawValue) and holds \(waiting) messages; its type can be changed to "
                    + "\(record.type?.rawValue ?? "another") only when it is empty: run the former definition until "
                    + "it is idle, or use another name")
        }
    }

    /// A queue changes its pipeline only when nobody runs the former one and nothing of that waits anywhere: mostly
    /// because it is the same pipeline, under a new name.
    private func checkOwner(_ owner: String, of queue: QueueState, _ record: QueueRecord) throws {
        let wanted =
            "queue '\(queue.name)' belongs to pipeline '\(owner)' and cannot belong to '\(record.pipeline ?? "")'"
        if definedHere.contains(owner), uses(owner, queue) {
            throw ControlError.refused("\(wanted) too; use another name")
        }
        let isOwn = { (other: QueueState) in other === queue || self.uses(owner, queue) }
        let waiting = queues.values.filter { $0.record.pipeline == owner && $0.depth.messages > 0 && isOwn($0) }
        guard let full = waiting.min(by: { $0.id < $1.id }) else { return }
        throw ControlError.refused(
            "\(wanted) yet: '\(full.name)' still holds \(full.depth.messages) messages; run the former definition "
                + "until it is idle (or redrive or discard its dead letters), or use another name")
    }

    /// Whether the latest definition of the pipeline names the queue.
    private func uses(_ pipeline: String, _ queue: QueueState) -> Bool {
        let names = (pipelines[pipeline]?.stages ?? []).flatMap {
            [$0.queue, QueueNames.deadLetterQueue(of: $0.queue)]
        }
        return names.contains(queue.name)
    }

    /// A queue that another pipeline had is retired, with its figures, and the name is free for a new one: so both
    /// ledgers add up. A pipeline that has lost a queue is not there any more until it is defined again.
    private func takeOver(_ wanted: QueueRecord) throws {
        guard wanted.role != .deadLetter, let queue = existing(wanted) else { return try takeDeadLetterQueue(wanted) }
        guard let owner = queue.record.pipeline, owner != wanted.pipeline else { return }
        if uses(owner, queue) { try forget(pipeline: owner) }
        let dead = deadLetterQueue(of: queue)
        let name = retiredName(of: queue)
        try retire(queue, as: name)
        if let dead, dead.record.pipeline == owner { try retire(dead, as: QueueNames.deadLetterQueue(of: name)) }
    }

    /// One that is there without the queue whose dead letters it took; else it goes with that.
    private func takeDeadLetterQueue(_ wanted: QueueRecord) throws {
        guard wanted.role == .deadLetter, let queue = existing(wanted), let owner = queue.record.pipeline,
            owner != wanted.pipeline, !queues.values.contains(where: { $0.record.deadLetterQueue == queue.name })
        else { return }
        try retire(queue, as: retiredName(of: queue))
    }

    /// No queue that anybody makes has such a name.
    private func retiredName(of queue: QueueState) -> String {
        let name = "\(QueueNames.bare(queue.name))@\(queue.id)"
        return queue.record.type?.fullName(name) ?? name
    }

    private func retire(_ queue: QueueState, as name: String) throws {
        var record = queue.record
        record.name = name
        record.isRetired = true
        record.deadLetterQueue = nil
        try update(queue, to: record)
        // Those who wait go over to the queue that has the name from now on.
        reloadAfterCommit = true
    }

    private func forget(pipeline name: String) throws {
        pipelines[name] = nil
        execute { try $0.execute(sql: "DELETE FROM pipeline WHERE name = ?", arguments: [name]) }
    }

    /// A queue that this pipeline had under its former definition, and that still holds messages, is not left behind.
    private func checkLeftBehind(_ pipeline: Pipeline, _ wanted: [QueueRecord]) throws {
        let kept = Set(wanted.compactMap { existing($0)?.id })
        for queue in queues.values where queue.record.pipeline == pipeline.name && !kept.contains(queue.id) {
            guard queue.depth.messages > 0 else { continue }
            throw ControlError.refused(
                "queue '\(queue.name)' of pipeline '\(pipeline.name)' still holds \(queue.depth.messages) messages, and "
                    + "the definition no longer names it: run the former definition until it is idle (or redrive or "
                    + "discard its dead letters), then change the name")
        }
    }

    /// Stores a queue's record, making the queue if it is new.
    /// - Returns: whether it holds messages of before its definition.
    private func put(_ wanted: QueueRecord) throws -> Bool {
        var record = wanted
        keepClaim(of: existing(wanted)?.record.objects, in: &record)
        guard let queue = existing(wanted) else {
            try add(record)
            return false
        }
        record.stoodStill = queue.record.stoodStill
        record.standsStillSince = queue.record.standsStillSince
        record.claimUntil = queue.record.claimUntil
        record.claimedThrough = queue.record.claimedThrough
        record.attributes = queue.record.attributes
        record.created = queue.record.created
        let wasUnclaimed = queue.record.type == nil || queue.record.pipeline == nil
        if wasUnclaimed, record.claimUntil == nil, let last = queue.chunks.last {
            record.claimUntil = last
            record.claimedThrough = 0
        }
        if queue.record.pipeline == nil {
            // What clients were done with before is, for a pipeline, what somebody else took out.
            let account = LedgerBook.account(ofQueue: queue.id)
            let done = ledger[account][.done] ?? 0
            ledger.add(account, .done, -done)
            ledger.add(account, .discarded, done)
        }
        if record.type != queue.record.type { reloadAfterCommit = true }
        if record.archiveKeep != queue.record.archiveKeep, let keep = record.archiveKeep {
            let id = queue.id
            execute {
                try $0.execute(
                    sql: "UPDATE archive SET expires = arrived + ? WHERE queue = ?",
                    arguments: [keep.milliseconds, id])
                try $0.execute(
                    sql: "UPDATE segment SET expires = newest + ? WHERE queue = ?",
                    arguments: [keep.milliseconds, id])
            }
        }
        try update(queue, to: record)
        try recountArchive(of: queue)
        return record.claimUntil != nil
    }

    /// A source that names the same bucket as before goes on behind what it was told of.
    private func keepClaim(of former: QueueRecord.ObjectSource?, in record: inout QueueRecord) {
        record.objects?.definedAt = nextObject
        guard let former, former.bucket == record.objects?.bucket else { return }
        record.objects?.definedAt = former.definedAt
        record.objects?.claimedThrough = former.claimedThrough
        record.objects?.isClaimed = former.isClaimed
    }

    @discardableResult
    func add(_ record: QueueRecord) throws -> QueueState {
        let id = nextQueue
        nextQueue += 1
        var record = record
        record.created = record.created ?? now
        let queue = QueueState(id: id, record: record, gauge: QueueGauge())
        queues[id] = queue
        names[record.name] = id
        let json = try Self.json(record)
        execute { try $0.execute(sql: "INSERT INTO queue VALUES (?, ?, ?)", arguments: [id, record.name, json]) }
        changedRecords.insert(id)
        return queue
    }

    func update(_ queue: QueueState, to record: QueueRecord) throws {
        guard record != queue.record else { return }
        if record.name != queue.name {
            names[queue.name] = nil
            names[record.name] = queue.id
        }
        queue.record = record
        queue.gauge.setLimits(record.settings, archived: record.archiveMaxSize)
        let id = queue.id
        // Those who wait for room look again: there may be more of it.
        changedQueues.insert(id)
        let json = try Self.json(record)
        execute {
            try $0.execute(
                sql: "UPDATE queue SET name = ?, record = ? WHERE id = ?", arguments: [record.name, json, id])
        }
        changedRecords.insert(id)
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension QueueRecord {
    /// The queues of a pipeline, each after its dead-letter queue.
    static func queues(of pipeline: Pipeline) -> [QueueRecord] {
        let dead = QueueSettings(retention: pipeline.deadLetters.keep, capacity: .max)
        func deadLetters(of queue: String, step: StepName) -> QueueRecord {
            QueueRecord(
                name: QueueNames.deadLetterQueue(of: queue), type: pipeline.queue.type, role: .deadLetter,
                pipeline: pipeline.name, step: step.step, settings: dead)
        }
        let isRaw = pipeline.source.kind == .queue
        let intake = QueueRecord(
            name: pipeline.intakeQueue, type: pipeline.queue.type, role: .intake, pipeline: pipeline.name,
            step: pipeline.transformStep.step, settings: pipeline.queue.settings,
            deadLetterQueue: QueueNames.deadLetterQueue(of: pipeline.intakeQueue), intake: Intake(pipeline),
            // What was split from an object has the object itself as its raw copy.
            archiveKeep: isRaw ? pipeline.archive?.keep : nil,
            archiveMaxSize: isRaw ? pipeline.archive?.maxSize?.bytes : nil)
        let delivery = QueueRecord(
            name: pipeline.deliveryQueue, type: pipeline.queue.type, role: .delivery, pipeline: pipeline.name,
            step: pipeline.deliveryStep.step, settings: pipeline.deliverySettings,
            deadLetterQueue: QueueNames.deadLetterQueue(of: pipeline.deliveryQueue))
        var records = [
            deadLetters(of: pipeline.intakeQueue, step: pipeline.transformStep), intake,
            deadLetters(of: pipeline.deliveryQueue, step: pipeline.deliveryStep), delivery,
        ]
        if let objects = objects(of: pipeline) {
            records += [deadLetters(of: objects.name, step: pipeline.splitStep), objects]
        }
        return records
    }

    /// The queue in which the objects of a bucket are announced.
    private static func objects(of pipeline: Pipeline) -> QueueRecord? {
        guard let name = pipeline.objectsQueue, let bucket = pipeline.source.bucket else { return nil }
        var record = QueueRecord(
            name: name, type: pipeline.queue.type, role: .objects, pipeline: pipeline.name,
            step: pipeline.splitStep.step, settings: pipeline.queue.settings,
            deadLetterQueue: QueueNames.deadLetterQueue(of: name))
        record.objects = ObjectSource(
            bucket: bucket, prefix: pipeline.source.prefix, suffix: pipeline.source.suffix,
            backfill: pipeline.source.backfill, keep: pipeline.archive?.keep ?? .zero)
        record.archiveMaxSize = pipeline.archive?.maxSize?.bytes
        return record
    }
}
