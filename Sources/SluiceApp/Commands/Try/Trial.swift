import Foundation
import Logging
import Sluice
import SluiceFunctions

/// Records through the function of a pipeline, without queues: nobody sent them, and nothing is stored.
struct Trial {
    /// A record that is tried.
    struct Record: Sendable {
        /// As the output calls it, where it has no name of its own.
        var label: String
        var body: Bytes
    }

    /// What the function made of one.
    struct Result: Sendable {
        /// `passed`, `filtered`, `unconfirmed`, `retry`, `dead`, `not tried`.
        var outcome: String
        var name: String
        var outputs: [String]?
        /// Why it did not pass; `nil` = it did.
        var reason: String?
        var type: String?
        /// Where it did not pass: `intake`, `transform`, or the delivery's name.
        var step: String?
    }

    private let pipeline: Pipeline
    private let transform: Transform
    private let context: CommandContext
    private let isForComparison: Bool

    /// - Parameter isForComparison: only outputs are wanted: no sink judges them, and what the function writes is not
    ///   shown.
    /// - Throws: `CommandFailure` (64) for a pipeline without a function.
    init(_ pipeline: Pipeline, _ context: CommandContext, isForComparison: Bool = false) throws {
        self.isForComparison = isForComparison
        guard let transform = pipeline.transform else {
            throw CommandFailure(.usage, "pipeline '\(pipeline.name)' has no function: records pass on unchanged")
        }
        self.pipeline = pipeline
        self.transform = transform
        self.context = context
    }

    /// - Returns: one result for each record, and the version of the code.
    /// - Throws: `ControlError.refused` when the function is not there, or its step would pause itself.
    func run(_ records: [Record]) async throws -> (results: [Result], version: String) {
        let name = "try-\(UUID().uuidString.lowercased())"
        let scratch = NSTemporaryDirectory() + "sluice-\(name)"
        defer { removeScratch(scratch) }
        // A group of its own: one command may try several times, and what ends the one before must not end this one.
        let sandboxes = Sandboxes(folder: scratch + "/tmp", owner: name, limits: .detect(), logger: context.logger)
        let function = try FunctionAssembly(
            transform, of: pipeline, functions: context.application.functions, scratch: scratch, sandboxes: sandboxes,
            // What the function writes is what somebody who tries it wants to see.
            logger: isForComparison ? context.logger : context.loggerOfFailuresOnce(.info))
        let invoker = WatchedInvoker(function.invoker)
        let delivery = isForComparison ? nil : try TrialDelivery(pipeline, folder: scratch + "/sink", context)
        let results: Swift.Result<[Result], any Error>
        do {
            // One invocation after the other, as a step of `concurrency: 1` does it.
            results = .success(
                try await withTaskExecutorPreference(invoker.executor) {
                    try await run(records, invoker, version: function.version, delivery)
                })
        } catch {
            results = .failure(error)
        }
        await invoker.close()
        await delivery?.close()
        try await waitUntilGone(sandboxes)
        return (try results.get(), function.version)
    }

    /// How long a process that was killed may take to be gone.
    private static let patience: Duration = .seconds(5)

    /// The folders of its processes are removed beside this task, and so is what is above them.
    private func waitUntilGone(_ sandboxes: Sandboxes) async throws {
        do {
            try await withTimeout(Self.patience) { try await sandboxes.waitUntilNoneIsLeft() }
        } catch is TimeoutError {
            context.logger.warning("A process of the function was killed, and has not ended yet")
        }
    }

    /// Made only for a function that is a process, or for a sink.
    private func removeScratch(_ folder: String) {
        guard FileManager.default.fileExists(atPath: folder) else { return }
        do { try FileManager.default.removeItem(atPath: folder) } catch {
            context.logger.warning("A folder stays behind", metadata: ["folder": "\(folder)", "error": "\(error)"])
        }
    }

    private func run(
        _ records: [Record], _ function: WatchedInvoker, version: String, _ delivery: TrialDelivery?
    ) async throws -> [Result] {
        let control = StepControl(
            name: pipeline.transformStep, version: version, clock: SystemClock(), logger: context.logger,
            masking: context.mask)
        let step = try step(function, version, control)
        let reader = IntakeReader(pipeline)
        var results: [Result] = []
        var decided: [(Int, Disposition)] = []
        for start in stride(from: 0, to: records.count, by: transform.batch) {
            let part = records[start..<min(start + transform.batch, records.count)]
            let messages = part.map { message(of: $0, reader) }
            let taken = messages.indices.filter { !lacksGroup(messages[$0]) }
            // Once it does not start, it is not started again for each batch.
            let dispositions =
                function.startProblem == nil
                ? await step.process(taken.map { messages[$0] }) : taken.map { _ in .release() }
            if let pause = control.paused { throw ControlError.refused(pause.reason ?? "the step paused itself") }
            var batch = zip(messages, part).map { message, record in
                result(ofGroupless: message.lineage.name ?? record.label)
            }
            for (index, disposition) in zip(taken, dispositions) {
                batch[index] = result(disposition, batch[index].name, function.startProblem)
                decided.append((results.count + index, disposition))
            }
            results += batch
        }
        return try await delivery?.judged(results, decided) ?? results
    }

    /// It would be dead at intake, and no function would see it.
    private func lacksGroup(_ message: ReceivedMessage) -> Bool {
        pipeline.queue.type == .fifo && pipeline.queue.group != nil && message.lineage.group == nil
    }

    private func result(ofGroupless name: String) -> Result {
        Result(
            outcome: "dead", name: name,
            reason: "it has no message group: nothing is found at \(pipeline.queue.group?.text ?? "its path")",
            type: "intake", step: "intake")
    }

    private func step(
        _ function: any FunctionInvoker, _ version: String, _ control: StepControl
    ) throws -> TransformStep {
        var (pipeline, transform) = (pipeline, transform)
        // Every record is tried, also behind one of its group that fails, and however many fail alike.
        pipeline.queue.type = .standard
        transform.pauseWhen = nil
        return try TransformStep(
            transform, of: pipeline, function: function, version: version, control: control,
            clock: SystemClock(), logger: context.logger)
    }

    private func message(of record: Record, _ reader: IntakeReader) -> ReceivedMessage {
        var generator = SystemRandomNumberGenerator()
        let id = MessageID.random(using: &generator)
        let fields = reader.read(record.body)
        return ReceivedMessage(
            id: id, body: record.body, receipt: ReceiptHandle(message: id, generation: 1), receiveCount: 1,
            sent: .wall,
            lineage: Lineage(identity: RecordIdentity(id), name: fields.name, group: fields.group, received: .wall))
    }

    private func result(_ disposition: Disposition, _ name: String, _ startProblem: Problem?) -> Result {
        switch disposition {
        case .passed(let outputs): Result(outcome: "passed", name: name, outputs: outputs.map { $0.body.text })
        case .filtered: Result(outcome: "filtered", name: name)
        case .unconfirmed: Result(outcome: "unconfirmed", name: name)
        case .split: Result(outcome: "split", name: name)
        case .delivered: Result(outcome: "delivered", name: name)
        case .dead(let failure): failed("dead", name, failure.reason, failure.type)
        case .retry(_, let failure): failed("retry", name, failure.reason, failure.type)
        case .release:
            startProblem.map { problem in
                failed(
                    "not tried", name, "the function does not start: \(context.mask(problem.reason))", problem.type)
            } ?? failed("not tried", name, "the function did not get to it", nil)
        }
    }

    private func failed(_ outcome: String, _ name: String, _ reason: String, _ type: String?) -> Result {
        Result(outcome: outcome, name: name, reason: reason, type: type, step: pipeline.transformStep.step)
    }
}

extension Trial.Result {
    /// For people: a line for each output, or one that says what became of the record.
    var lines: [String] {
        let name = SafeText.line(name)
        let passed = outputs?.map { "\(name)  → \(SafeText.line($0))" } ?? []
        guard let reason else { return outputs == nil ? ["\(name)  \(outcome)"] : passed }
        let place = step.flatMap { $0 == "transform" ? nil : " at \($0)" } ?? ""
        let kind = type.map { reason.hasPrefix($0) || $0 == step ? "" : " (\($0))" } ?? ""
        return passed + ["\(name)  \(outcome.uppercased())\(place): \(SafeText.line(reason))\(kind)"]
    }
}

/// A result as one line of `--json`.
struct TrialDocument: Encodable {
    var version = 1
    var record: String
    var outcome: String
    var outputs: [String]?
    var reason: String?
    var type: String?
    var step: String?

    init(_ result: Trial.Result) {
        record = result.name
        outcome = result.outcome
        outputs = result.outputs
        reason = result.reason
        type = result.type
        step = result.step
    }
}

extension CommandContext {
    /// Prints what became of records that were tried.
    /// - Throws: `CommandFailure` (3) when one of them did not pass.
    func print(_ results: [Trial.Result], version: String) throws {
        if json {
            print(documents: results.map(TrialDocument.init))
        } else {
            print(results.flatMap(\.lines))
        }
        let failed = results.count { $0.reason != nil }
        note(
            "\(Numbers.grouped(results.count - failed)) pass, \(Numbers.grouped(failed)) fail; code \(version); "
                + "nothing was stored")
        if failed > 0 { throw CommandFailure(.dead) }
    }

    /// The pipeline that a command means among those of its definitions.
    /// - Throws: `CommandFailure` (64) when that is not clear.
    func pipeline(named name: String?, among pipelines: [Pipeline]) throws -> Pipeline {
        let candidates = pipelines.filter { name == nil || $0.name == name }
        if let first = candidates.first, candidates.count == 1 { return first }
        let names = pipelines.map(\.name).joined(separator: ", ")
        throw CommandFailure(
            .usage, pipelines.isEmpty ? "no definition: name its file" : "which pipeline? --pipeline \(names)")
    }
}
