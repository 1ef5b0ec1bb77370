import GRDB
import Sluice

/// Pauses survive a restart, and the retention clock of a queue stands still while its step does.
extension StoreState {
    /// - Parameter brokenCode: the code that cannot be started; `nil` = that is not why.
    func pause(_ step: StepName, reason: String?, brokenCode: String? = nil) throws {
        guard pauses[step.description] == nil else { return }
        try note(brokenCode: brokenCode, of: step)
        try put(PauseRecord(since: now, reason: reason), of: step)
        try updateStandstill(of: step)
    }

    func resume(_ step: StepName) throws {
        guard pauses.removeValue(forKey: step.description) != nil else { return }
        execute { try $0.execute(sql: "DELETE FROM pause WHERE step = ?", arguments: [step.description]) }
        try note(brokenCode: nil, of: step)
        try updateStandstill(of: step)
    }

    /// The pauses of steps go over to those that are now in their places, under other names.
    func movePauses(from former: [PipelineRecord.Stage], to present: [PipelineRecord.Stage]) throws {
        // From the end: the steps of a bucket come before those that every pipeline has.
        for (old, new) in zip(former.reversed(), present.reversed()) where old.step != new.step {
            guard let record = pauses.removeValue(forKey: old.step.description) else { continue }
            execute { try $0.execute(sql: "DELETE FROM pause WHERE step = ?", arguments: [old.step.description]) }
            guard pauses[new.step.description] == nil else { continue }
            try put(record, of: new.step)
        }
    }

    private func put(_ record: PauseRecord, of step: StepName) throws {
        pauses[step.description] = record
        execute {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO pause VALUES (?, ?, ?)",
                arguments: [step.description, record.since.milliseconds, record.reason])
        }
    }

    /// A breaker has opened or closed.
    func setBreaker(_ step: StepName, isOpen: Bool) throws {
        if isOpen { openBreakers.insert(step.description) } else { openBreakers.remove(step.description) }
        try updateStandstill(of: step)
    }

    /// Starts or stops the retention clock of the queue that the step receives from.
    private func updateStandstill(of step: StepName) throws {
        let stages = pipelines[step.pipeline]?.stages ?? []
        guard let stage = stages.first(where: { $0.step == step }), let id = names[stage.queue], let queue = queues[id]
        else { return }
        let shouldStand = pauses[step.description] != nil || openBreakers.contains(step.description)
        var record = queue.record
        if shouldStand, record.standsStillSince == nil {
            record.standsStillSince = now
        } else if !shouldStand, record.standsStillSince != nil {
            record.stoodStill = record.stoodStill(at: now)
            record.standsStillSince = nil
        }
        try update(queue, to: record)
    }

    /// After a start no breaker is open: clocks that stood still for one go on.
    func endStandstills() throws {
        for pipeline in pipelines.values {
            for stage in pipeline.stages { try updateStandstill(of: stage.step) }
        }
    }
}
