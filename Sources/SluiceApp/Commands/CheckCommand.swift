import ArgumentParser
import Sluice

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check definitions: all mistakes at once (exit 78).")

    @Argument(help: "Definitions, or folders of them; none = the pipelines of this app.", completion: .file())
    var files: [String] = []

    @Flag(help: "Check without the values of ${…}, for CI.")
    var noSecrets = false

    @Flag(help: "Print what `show` prints: every setting, what it comes to and where that was written.")
    var explain = false

    @Flag(help: "Also ask each sink whether it would take records: its table, its key, the rights (exit 1 if not).")
    var connect = false

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if connect, noSecrets {
            throw ValidationError("--connect needs the values of ${…}; leave --no-secrets out.")
        }
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let result = try await context.definitions(files, secrets: !noSecrets)
        guard !result.definitions.isEmpty else {
            throw CommandFailure(.usage, "check what? Name a definition: `\(context.application.name) check FILE`")
        }
        var documents: [DefinitionDocument] = []
        for definition in result.definitions {
            let sink = connect ? try await sink(of: definition.pipeline, context, result.masker) : nil
            documents.append(DefinitionDocument(definition, explained: explain, sink: sink))
            guard !context.json else { continue }
            context.print([PipelineText.line(definition.pipeline)])
            if explain { context.print([result.masker.mask(definition.explanationText)]) }
            if let sink {
                context.print(["  → \(sink.delivery): \(sink.problem.map { "NOT READY: \($0)" } ?? "ready")"])
            }
        }
        if context.json { context.print(documents: documents) }
        // Of this machine and this user, not of a definition.
        if let limits = FunctionAssembly.limits(for: result.pipelines) { context.note("here " + limits) }
        if documents.contains(where: { $0.sink?.problem != nil }) { throw CommandFailure(.failed) }
    }

    private func sink(
        of pipeline: Pipeline, _ context: CommandContext, _ masker: Secrets
    ) async throws -> DefinitionDocument.Sink {
        let assembly = context.application.assembly
        let problem = try await withTimeout(context.timeout) {
            try await assembly.probeSink(of: pipeline, logger: context.logger)
        }
        return DefinitionDocument.Sink(
            delivery: pipeline.deliver.effectiveName, problem: problem.map { masker.mask($0.reason) })
    }
}
