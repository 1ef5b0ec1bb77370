import ArgumentParser
import Sluice

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check definitions: all mistakes at once (exit 78).")

    @Argument(help: "Definitions, or folders of them; none = the pipelines of this app.")
    var files: [String] = []

    @Flag(help: "Check without the values of ${…}, for CI.")
    var noSecrets = false

    @Flag(help: "Print every setting, what it comes to and where that was written.")
    var explain = false

    @OptionGroup var common: CommonOptions

    private struct Document: Encodable {
        struct Setting: Encodable {
            var key: String
            var value: String
            var place: String?
        }

        var pipeline: String
        var settings: [Setting]?
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let result = try context.definitions(files, secrets: !noSecrets)
        guard !result.definitions.isEmpty else {
            throw CommandFailure(.usage, "check what? Name a definition: `\(context.application.name) check FILE`")
        }
        if context.json {
            context.print(documents: result.definitions.map(document))
        } else {
            for definition in result.definitions {
                context.print([PipelineText.line(definition.pipeline)])
                if explain { context.print([result.masker.mask(definition.explanationText)]) }
            }
        }
    }

    private func document(_ definition: Definition) -> Document {
        guard explain else { return Document(pipeline: definition.pipeline.name) }
        let settings = definition.explanation.map {
            Document.Setting(key: $0.key, value: $0.value, place: $0.origin.description)
        }
        return Document(pipeline: definition.pipeline.name, settings: settings)
    }
}
