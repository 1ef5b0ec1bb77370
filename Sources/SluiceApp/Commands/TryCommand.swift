import ArgumentParser
import Foundation
import Logging
import Sluice

struct TryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try", abstract: "Records through the function, what it makes of each on the screen.",
        discussion: """
            Nothing is stored and nothing delivered. Records are lines; what the function itself writes goes to \
            stderr. Exit 3 when a record did not pass.
            """)

    @Argument(help: "The definition.")
    var file: String

    @Argument(help: "The file of records; none or - = standard input.")
    var records: String?

    @Option(help: "The pipeline, where the file has several.")
    var pipeline: String?

    @Option(name: .short, help: "So many records, from the first.")
    var n = 1_000

    @OptionGroup var common: CommonOptions

    /// One record's line of `--json`.
    private struct Document: Encodable {
        var version = 1
        var line: Int
        var outcome: String
        var outputs: [String]?
        var reason: String?
        var type: String?
    }

    mutating func run() async throws {
        let plain = try CommandContext(common)
        let definitions = try plain.definitions([file])
        let context = plain.masking(definitions.masker)
        let pipeline = try chosen(from: definitions.pipelines)
        guard let transform = pipeline.transform else {
            throw CommandFailure(.usage, "pipeline '\(pipeline.name)' has no function: records pass on unchanged")
        }
        let lines = try Self.lines(
            of: records.map { $0 == "-" ? $0 : FolderLocation.absolute($0, in: context.console.workingDirectory) },
            atMost: n)
        let scratch = NSTemporaryDirectory() + "sluice-try-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let function = try FunctionAssembly(
            transform, of: pipeline, functions: context.application.functions, scratch: scratch,
            logger: Self.functionLogger(context))
        let decided: [(ReceivedMessage, Disposition)]
        do {
            decided = try await Trial(transform, of: pipeline, function, logger: context.logger).run(lines)
        } catch {
            await function.invoker.close()
            throw error
        }
        await function.invoker.close()
        try report(decided, pipeline, function.version, context)
    }

    private func chosen(from pipelines: [Pipeline]) throws -> Pipeline {
        let candidates = pipelines.filter { pipeline == nil || $0.name == pipeline }
        guard let first = candidates.first, candidates.count == 1 else {
            let names = pipelines.map(\.name).joined(separator: ", ")
            throw CommandFailure(.usage, "which pipeline? Name it with --pipeline; '\(file)' has \(names)")
        }
        return first
    }

    private static func lines(of path: String?, atMost most: Int) throws -> [Bytes] {
        let data: Data
        do {
            data =
                if let path, path != "-" {
                    try Data(contentsOf: URL(fileURLWithPath: path))
                } else {
                    try FileHandle.standardInput.readToEnd() ?? Data()
                }
        } catch {
            throw CommandFailure(.usage, "cannot read '\(path ?? "-")': \(error.localizedDescription)")
        }
        let lines = [UInt8](data).split(separator: UInt8(ascii: "\n"))
        return lines.lazy.map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }.filter { !$0.isEmpty }
            .prefix(most).map { Array($0)[...] }
    }

    /// What the function writes is what somebody who tries it wants to see.
    private static func functionLogger(_ context: CommandContext) -> Logger {
        var logger = context.logger
        if logger.logLevel > .info { logger.logLevel = .info }
        return logger
    }

    private func report(
        _ decided: [(message: ReceivedMessage, disposition: Disposition)], _ pipeline: Pipeline, _ version: String,
        _ context: CommandContext
    ) throws {
        let documents = decided.enumerated().map { document($0, $1.message, $1.disposition) }
        if context.json {
            context.print(documents: documents)
        } else {
            for (document, message) in zip(documents, decided.map(\.message)) {
                context.print(text(document, message))
            }
        }
        let failed = documents.count { $0.reason != nil }
        let passed = documents.count - failed
        context.note("\(passed) pass, \(failed) fail; code \(version); nothing was stored")
        if failed > 0 { throw CommandFailure(.dead) }
    }

    private func document(_ index: Int, _ message: ReceivedMessage, _ disposition: Disposition) -> Document {
        var document = Document(line: index + 1, outcome: "")
        switch disposition {
        case .passed(let outputs):
            document.outcome = "passed"
            document.outputs = outputs.map { $0.body.text }
        case .filtered: document.outcome = "filtered"
        case .unconfirmed: document.outcome = "unconfirmed"
        case .dead(let failure):
            (document.outcome, document.reason, document.type) = ("dead", failure.reason, failure.type)
        case .retry(_, let failure):
            (document.outcome, document.reason, document.type) = ("retry", failure.reason, failure.type)
        case .release: (document.outcome, document.reason) = ("not tried", "the function did not get to it")
        case .delivered: document.outcome = "delivered"
        }
        return document
    }

    private func text(_ document: Document, _ message: ReceivedMessage) -> [String] {
        let name = message.lineage.name ?? "line \(document.line)"
        if let reason = document.reason {
            let type = document.type.map { " (\($0))" } ?? ""
            return ["\(SafeText.line(name))  \(document.outcome.uppercased()): \(SafeText.line(reason))\(type)"]
        }
        guard let outputs = document.outputs else { return ["\(SafeText.line(name))  \(document.outcome)"] }
        return outputs.map { "\(SafeText.line(name))  → \(SafeText.line($0))" }
    }
}

/// The transform step without queues: it decides about records that nobody sent.
private struct Trial {
    let step: TransformStep
    let reader: IntakeReader
    let batch: Int
    let control: StepControl

    init(_ transform: Transform, of pipeline: Pipeline, _ function: FunctionAssembly, logger: Logger) throws {
        var alone = pipeline
        // Every record is tried, also behind one of its group that fails.
        alone.queue.type = .standard
        var patient = transform
        patient.pauseWhen = nil
        let clock = SystemClock()
        control = StepControl(
            name: pipeline.transformStep, version: function.version, clock: clock, logger: logger)
        step = try TransformStep(
            patient, of: alone, function: function.invoker, version: function.version, control: control, clock: clock,
            logger: logger)
        reader = IntakeReader(pipeline)
        batch = transform.batch
    }

    /// - Throws: `ControlError.refused` when the function does not start.
    func run(_ records: [Bytes]) async throws -> [(ReceivedMessage, Disposition)] {
        let now = Timestamp.wall
        var generator = SystemRandomNumberGenerator()
        let messages = records.map { body in
            let id = MessageID.random(using: &generator)
            let fields = reader.read(body)
            return ReceivedMessage(
                id: id, body: body, receipt: ReceiptHandle(message: id, generation: 1), receiveCount: 1, sent: now,
                lineage: Lineage(identity: RecordIdentity(id), name: fields.name, group: fields.group, received: now))
        }
        var decided: [(ReceivedMessage, Disposition)] = []
        for start in stride(from: 0, to: messages.count, by: batch) {
            let part = Array(messages[start..<min(start + batch, messages.count)])
            decided += zip(part, await step.process(part))
            if let pause = control.paused {
                throw ControlError.refused(pause.reason ?? "the step paused itself")
            }
        }
        return decided
    }
}
