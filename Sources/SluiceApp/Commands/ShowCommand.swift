import ArgumentParser
import Sluice

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "The definition in effect: every setting, and where its value came from.",
        discussion: """
            With all defaults filled in, sizes in bytes, and the queues that it makes. What ${…} stood for is named; \
            secrets are masked.
            """)

    @Argument(help: "Definitions, or folders of them; none = the pipelines of this app.", completion: .file())
    var files: [String] = []

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let result = try await context.definitions(files)
        guard !result.definitions.isEmpty else {
            throw CommandFailure(.usage, "show what? Name a definition: `\(context.application.name) show FILE`")
        }
        if context.json {
            context.print(documents: result.definitions.map { DefinitionDocument($0, explained: true) })
        } else {
            context.print([result.masker.mask(result.explanation)])
        }
    }
}
