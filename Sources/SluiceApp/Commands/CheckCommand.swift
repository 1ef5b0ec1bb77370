import ArgumentParser
import Sluice

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check definitions: all mistakes at once (exit 78).")

    @Argument(help: "Definitions, or folders of them; none = the pipelines of this app.")
    var files: [String] = []

    @Flag(help: "Check without the values of ${…}, for CI.")
    var noSecrets = false

    @Flag(help: "Print what every setting comes to.")
    var explain = false

    @OptionGroup var common: CommonOptions

    private struct Document: Encodable {
        var pipelines: [String]
        var warnings: [String]
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let definitions = try Definitions.load(files, root: nil, secrets: !noSecrets, context: context)
        guard !definitions.pipelines.isEmpty else {
            throw CommandFailure(.usage, "check what? Name a definition: `\(context.application.name) check FILE`")
        }
        if context.json {
            context.print(
                document: Document(pipelines: definitions.pipelines.map(\.name), warnings: definitions.warnings))
        } else {
            for warning in definitions.warnings { context.note("warning: \(warning)") }
            for definition in definitions.definitions {
                context.print(
                    [PipelineText.line(definition.pipeline)] + (explain ? [definition.explanationText] : []))
            }
        }
    }
}
