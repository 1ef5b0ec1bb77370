import Sluice

/// When nothing is left to do, and when nothing moves by itself.
extension StoreState {
    /// Nothing of the stage is ready, delayed, backing off or in flight.
    func isIdle(_ stage: PipelineRecord.Stage) -> Bool { queue(of: stage)?.depth.messages ?? 0 == 0 }

    /// Each stage is idle, or waits behind something that only a person or the sink can change.
    func isStill(_ stages: [PipelineRecord.Stage], _ registry: StepRegistry?) -> Bool {
        var stuckBehind = false
        for stage in stages.reversed() {
            if isIdle(stage) { continue }
            guard let queue = queue(of: stage), queue.held == 0 else { return false }
            let control = registry?[stage.step]
            let isHeldBack = control?.reportedState == .heldBack && stuckBehind
            let isStuck = pauses[stage.step.description] != nil || control?.isStalled(afterProbes: Self.probes) == true
            guard isStuck || isHeldBack else { return false }
            stuckBehind = true
        }
        return true
    }

    /// So many probes in a row without an answer, and a run that ends when idle does not wait any longer.
    private static let probes = 3

    private func queue(of stage: PipelineRecord.Stage) -> QueueState? { names[stage.queue].flatMap { queues[$0] } }
}

extension Store {
    /// Returns when the queues are as `condition` says, looking after every turn of the writer.
    func wait(until condition: @escaping @Sendable (StoreState) -> Bool) async throws {
        let id = nextWaiter()
        try Task.checkCancellation()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                writer.enqueue(
                    StoreWriter.Submission(
                        grows: false,
                        run: { state in
                            state.parked.insert(id)
                            state.conditionWaiters.append(
                                ConditionWaiter(id: id, condition: condition) { continuation.resume(with: $0) })
                            return {}
                        },
                        fail: { continuation.resume(throwing: $0) }))
                if Task.isCancelled { cancel(waiter: id) }
            }
        } onCancel: {
            cancel(waiter: id)
        }
    }
}
