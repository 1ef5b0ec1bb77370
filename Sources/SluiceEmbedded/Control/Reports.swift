import Sluice

/// The figures of the folder at one moment, as `status` and `queue` show them.
extension StoreState {
    func report(of queue: QueueState) -> QueueReport {
        var depth = queue.depth
        depth.oldest = queue.chunks.lazy.compactMap { self.chunks[$0] }.first?.arrived
        return QueueReport(
            name: queue.name, type: queue.record.type, pipeline: queue.record.pipeline, role: queue.record.role,
            settings: queue.record.settings, depth: depth, ledger: ledger[LedgerBook.account(ofQueue: queue.id)])
    }

    func queueReports(named name: String?) throws -> [QueueReport] {
        if let name { return [report(of: try queue(named: name))] }
        return queues.values.filter { $0.record.isRetired != true }.sorted { $0.id < $1.id }.map(report(of:))
    }

    /// - Parameter registry: the steps that run in this process; `nil` = none do.
    func status(pipeline name: String?, registry: StepRegistry?, diskFull: Bool) throws -> StatusReport {
        if let name, pipelines[name] == nil {
            throw ControlError.unknown(
                "there is no pipeline '\(name)'\(NearestName.hint(for: name, among: pipelines.keys))")
        }
        let shown = pipelines.values.filter { name ?? $0.name == $0.name }.sorted { $0.name < $1.name }
        let reports = try shown.map { try report(of: $0, registry: registry) }
        let all = queues.values.sorted { $0.id < $1.id }.map(report(of:))
        let steps = pipelines.values.flatMap { stepReports(of: $0, registry: registry) + formerSteps(of: $0) }
        return StatusReport(
            time: now, pipelines: reports,
            otherQueues: name == nil ? all.filter { $0.pipeline == nil } : [],
            discrepancies: LedgerCheck.discrepancies(queues: all, steps: steps), diskFull: diskFull)
    }

    private func report(of pipeline: PipelineRecord, registry: StepRegistry?) throws -> PipelineReport {
        let own = queues.values.filter { $0.record.pipeline == pipeline.name }.sorted { $0.id < $1.id }
        let dead = own.filter { $0.record.role == .deadLetter }
        let groups = dead.contains { $0.depth.messages > 0 } ? try deadLetterGroups(pipeline: pipeline.name) : []
        let intakes = own.filter { $0.record.role == .intake }
        return PipelineReport(
            name: pipeline.name, running: pipeline.stages.contains { registry?[$0.step] != nil },
            steps: stepReports(of: pipeline, registry: registry), queues: own.map(report(of:)),
            dead: dead.reduce(0) { $0 + $1.depth.messages }, deadSince: groups.map(\.first).min(),
            deadReason: groups.first?.reason, deadReasonCount: groups.first?.count ?? 0,
            deadExpires: dead.compactMap(expiryOfOldest).min(),
            withoutSubject: intakes.reduce(0) {
                $0 + (ledger[LedgerBook.account(ofQueue: $1.id)][.withoutSubject] ?? 0)
            },
            archiveUntil: pipeline.archiveKeep.map { now + $0 }, formerSteps: formerSteps(of: pipeline),
            isArchiveFull: own.contains(where: \.isArchiveFull), definition: pipeline.definition)
    }

    private func stepReports(of pipeline: PipelineRecord, registry: StepRegistry?) -> [StepReport] {
        pipeline.stages.map { stage in
            let control = registry?[stage.step]
            var state = control?.reportedState ?? .stopped
            if control == nil, let pause = pauses[stage.step.description] {
                state = .paused(since: pause.since, reason: pause.reason)
            }
            return StepReport(
                name: stage.step, queue: stage.queue, ledger: ledger[LedgerBook.account(of: stage.step)],
                rate: control?.throughput ?? 0, state: state, code: stage.code)
        }
    }

    /// Deliveries of former definitions, by the queues that they have left.
    private func formerSteps(of pipeline: PipelineRecord) -> [StepReport] {
        let present = Set(pipeline.stages.map(\.step))
        var former: [StepName: String] = [:]
        for queue in queues.values where queue.record.pipeline == pipeline.name && queue.record.role == .delivery {
            guard let step = queue.record.step else { continue }
            former[StepName(pipeline: pipeline.name, step: step)] = queue.name
        }
        return former.filter { !present.contains($0.key) }.sorted { $0.key.step < $1.key.step }.map { step, queue in
            StepReport(
                name: step, queue: queue, ledger: ledger[LedgerBook.account(of: step)], rate: 0, state: .stopped,
                code: nil)
        }
    }

    /// When the oldest message that is still there is deleted, if its clock does not stand still.
    private func expiryOfOldest(in queue: QueueState) -> Timestamp? {
        guard let oldest = queue.chunks.lazy.compactMap({ self.chunks[$0] }).first else { return nil }
        let stoodStill = queue.record.stoodStill(at: now) - oldest.stoodStill
        return oldest.arrived + queue.record.settings.retention + .milliseconds(stoodStill)
    }
}
