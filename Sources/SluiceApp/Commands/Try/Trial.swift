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
    }

    private let pipeline: Pipeline
    private let transform: Transform
    private let context: CommandContext

    /// - Throws: `CommandFailure` (64) for a pipeline without a function.
    init(_ pipeline: Pipeline, _ context: CommandContext) throws {
        guard let transform = pipeline.transform else {
            throw CommandFailure(.usage, "pipeline '\(pipeline.name)' has no function: records pass on unchanged")
        }
        self.pipeline = pipeline
        self.transform = transform
        self.context = context
    }

    /// - Returns: one result for each record, and the version of the code.
    /// - Throws: `ControlError.refused` when the function is not there, or does not start.
    func run(_ records: [Record]) async throws -> (results: [Result], version: String) {
        let scratch = NSTemporaryDirectory() + "sluice-try-\(UUID().uuidString)"
        defer { removeScratch(scratch) }
        let sandboxes = Sandboxes(folder: scratch + "/tmp", owner: "try", limits: .detect(), logger: context.logger)
        let function = try FunctionAssembly(
            transform, of: pipeline, functions: context.application.functions, scratch: scratch, sandboxes: sandboxes,
            logger: functionLogger)
        do {
            let results = try await run(records, function)
            await function.invoker.close()
            return (results, function.version)
        } catch {
            await function.invoker.close()
            throw error
        }
    }

    /// Made only for a function that is a process.
    private func removeScratch(_ folder: String) {
        guard FileManager.default.fileExists(atPath: folder) else { return }
        do { try FileManager.default.removeItem(atPath: folder) } catch {
            context.logger.warning("A folder stays behind", metadata: ["folder": "\(folder)", "error": "\(error)"])
        }
    }

    /// What the function writes is what somebody who tries it wants to see.
    private var functionLogger: Logger {
        var logger = context.logger
        if logger.logLevel > .info { logger.logLevel = .info }
        return logger
    }

    private func run(_ records: [Record], _ function: FunctionAssembly) async throws -> [Result] {
        let control = StepControl(
            name: pipeline.transformStep, version: function.version, clock: SystemClock(), logger: context.logger,
            masking: context.mask)
        let step = try step(function, control)
        let reader = IntakeReader(pipeline)
        var results: [Result] = []
        for start in stride(from: 0, to: records.count, by: transform.batch) {
            let part = records[start..<min(start + transform.batch, records.count)]
            let messages = part.map { message(of: $0, reader) }
            let dispositions = await step.process(messages)
            if let pause = control.paused { throw ControlError.refused(pause.reason ?? "the step paused itself") }
            for (place, disposition) in dispositions.enumerated() {
                results.append(Self.result(disposition, messages[place].lineage.name ?? part[start + place].label))
            }
        }
        return results
    }

    private func step(_ function: FunctionAssembly, _ control: StepControl) throws -> TransformStep {
        var (pipeline, transform) = (pipeline, transform)
        // Every record is tried, also behind one of its group that fails, and however many fail alike.
        pipeline.queue.type = .standard
        transform.pauseWhen = nil
        return try TransformStep(
            transform, of: pipeline, function: function.invoker, version: function.version, control: control,
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

    private static func result(_ disposition: Disposition, _ name: String) -> Result {
        switch disposition {
        case .passed(let outputs): Result(outcome: "passed", name: name, outputs: outputs.map { $0.body.text })
        case .filtered: Result(outcome: "filtered", name: name)
        case .unconfirmed: Result(outcome: "unconfirmed", name: name)
        case .split: Result(outcome: "split", name: name)
        case .delivered: Result(outcome: "delivered", name: name)
        case .dead(let failure): Result(outcome: "dead", name: name, reason: failure.reason, type: failure.type)
        case .retry(_, let failure): Result(outcome: "retry", name: name, reason: failure.reason, type: failure.type)
        case .release: Result(outcome: "not tried", name: name, reason: "the function did not get to it")
        }
    }
}

extension Trial.Result {
    /// For people: a line for each output, or one that says what became of the record.
    var lines: [String] {
        let name = SafeText.line(name)
        if let reason {
            return ["\(name)  \(outcome.uppercased()): \(SafeText.line(reason))" + (type.map { " (\($0))" } ?? "")]
        }
        return outputs?.map { "\(name)  → \(SafeText.line($0))" } ?? ["\(name)  \(outcome)"]
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

    init(_ result: Trial.Result) {
        record = result.name
        outcome = result.outcome
        outputs = result.outputs
        reason = result.reason
        type = result.type
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
