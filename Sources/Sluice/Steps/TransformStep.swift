package import Logging

/// Calls the function of a pipeline, and passes what it makes of a record to the delivery queue.
package struct TransformStep: Step {
    package let name: StepName
    private let function: any FunctionInvoker
    private let timeout: Duration
    private let deliveryQueue: String
    private let ordered: Bool
    private let version: String?
    private let policy: FailurePolicy
    private let starts = StartPace()
    private let clock: any EngineClock
    private let likeness: AlikeFailures?
    private let logger: Logger

    /// The longest output, in bytes: what a message holds.
    private static let longestOutput = ByteCount.megabytes(1).bytes

    /// - Parameter version: which code runs, for failures and the status: the executable's build id.
    /// - Throws: `ErrorRules.Mistake` for a rule of `errors:` that cannot be used.
    package init(
        _ transform: Transform, of pipeline: Pipeline, function: any FunctionInvoker, version: String?,
        control: StepControl, clock: any EngineClock, logger: Logger
    ) throws(ErrorRules.Mistake) {
        name = pipeline.transformStep
        self.function = function
        timeout = transform.timeout
        deliveryQueue = pipeline.deliveryQueue
        ordered = pipeline.queue.type == .fifo
        self.version = version
        self.clock = clock
        self.logger = logger
        likeness = transform.pauseWhen.map { AlikeFailures($0) }
        policy = FailurePolicy(
            rules: try ErrorRules(transform.errors), backoff: transform.backoff, step: name, version: version,
            clock: clock, control: control)
    }

    package func process(_ batch: [ReceivedMessage]) async -> [Disposition] {
        likeness?.begin(resumes: policy.control.resumes)
        var decisions = BatchDecisions(batch, ordered: ordered)
        _ = await call(Array(batch.indices), &decisions)
        return judged(decisions.dispositions)
    }

    /// Pauses the step when it shows by now that the function is at fault: then no record pays for it.
    private func judged(_ dispositions: [Disposition]) -> [Disposition] {
        guard let likeness, let reason = likeness.note(dispositions) else { return dispositions }
        policy.control.pause(reason: reason, automatic: true)
        return dispositions.map { $0.failure == nil ? $0 : .release() }
    }

    /// Calls the function with those of `indices` that are still open. An invocation that fails as a whole is tried
    /// again in smaller ones, in order: only a record that failed alone answers for it.
    /// - Returns: false when nothing more may be called: the step paused, or we are shutting down.
    private func call(_ indices: [Int], _ decisions: inout BatchDecisions) async -> Bool {
        let open = decisions.open(indices)
        guard !open.isEmpty else { return true }
        if Task.isCancelled { return false }
        let context = InvocationContext(
            pipeline: name.pipeline, function: function.name, version: version, timeout: timeout, logger: logger)
        let result = await function.invoke(open.map { RawRecord(decisions.batch[$0]) }, context)
        if result.hasStarted { starts.started() }
        switch result {
        case .answered(let answers):
            return take(answers, for: open, &decisions)
        case .cutShort(let answers):
            _ = take(answers, for: open, &decisions)
            return false
        case .notStarted(let problem):
            notStarted(problem, &decisions)
            return false
        case .refused(let reason):
            policy.control.pause(reason: reason, automatic: true)
            return false
        case .failed(let problem, let answers):
            guard take(answers, for: open, &decisions) else { return false }
            return await callAgain(
                Array(open.dropFirst(answers.count)), after: problem, alone: open.count == 1, &decisions)
        }
    }

    /// No record is to blame: all that is left is released, after a while in which it may work again.
    private func notStarted(_ problem: Problem, _ decisions: inout BatchDecisions) {
        let now = clock.now
        switch starts.failed(at: now) {
        case .wait(let moment):
            // The same again is no news: that it does not get better is said when the step pauses.
            logger.log(
                level: starts.isNew(problem.reason) ? .warning : .debug,
                "A function failed at its start; its records are released, and it is started again",
                metadata: ["step": "\(name)", "function": "\(function.name)", "reason": "\(problem.reason)"])
            policy.control.hold(until: moment)
            decisions.releaseRest(after: moment - now)
        case .pause:
            policy.control.pause(
                reason: "the function fails at its start: \(problem.reason)", automatic: true, brokenCode: version)
        }
    }

    private func callAgain(
        _ rest: [Int], after problem: Problem, alone: Bool, _ decisions: inout BatchDecisions
    ) async -> Bool {
        guard let first = rest.first else { return true }
        if alone { return settle(first, problem, &decisions) }
        // One by one, it is known which record it was at: that one alone, then those behind it. Of a batch
        // function nobody can tell: halves.
        let split = function.takesBatches ? max(1, rest.count / 2) : 1
        guard await call(Array(rest.prefix(split)), &decisions) else { return false }
        return await call(Array(rest.dropFirst(split)), &decisions)
    }

    private func take(_ answers: [RecordAnswer], for indices: [Int], _ decisions: inout BatchDecisions) -> Bool {
        for (index, answer) in zip(indices, answers) {
            switch answer {
            case .outputs(let outputs):
                decisions.decide(index, passed(outputs, from: decisions.batch[index]))
            case .unconfirmed:
                decisions.decide(index, .unconfirmed)
            case .failed(let problem):
                guard settle(index, problem, &decisions) else { return false }
            }
        }
        return true
    }

    private func settle(_ index: Int, _ problem: Problem, _ decisions: inout BatchDecisions) -> Bool {
        guard let disposition = policy.disposition(of: decisions.batch[index], failedBy: problem) else {
            return false
        }
        decisions.decide(index, disposition)
        return true
    }

    private func passed(_ outputs: [Bytes], from message: ReceivedMessage) -> Disposition {
        if outputs.isEmpty { return .filtered }
        if let long = outputs.firstIndex(where: { $0.count > Self.longestOutput }) {
            let reason =
                "output \(long) has \(outputs[long].count) bytes, and a message holds at most \(Self.longestOutput): "
                + "let the function make several outputs of it, or a smaller one"
            return .dead(policy.failure(Problem(reason: reason, type: "too-large", remedy: .reject)))
        }
        return .passed(
            outputs.enumerated().map { index, body in
                Outgoing(queue: deliveryQueue, body: body, lineage: message.lineage.output(index))
            })
    }
}

/// The transform of a pipeline that has none: every record is its own one output, unchanged.
package struct PassThroughStep: Step {
    package let name: StepName
    private let deliveryQueue: String

    package init(_ pipeline: Pipeline) {
        name = pipeline.transformStep
        deliveryQueue = pipeline.deliveryQueue
    }

    package func process(_ batch: [ReceivedMessage]) async -> [Disposition] {
        batch.map { message in
            .passed([Outgoing(queue: deliveryQueue, body: message.body, lineage: message.lineage.output(0))])
        }
    }
}
