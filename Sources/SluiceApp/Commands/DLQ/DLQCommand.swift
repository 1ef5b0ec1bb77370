import ArgumentParser
import Sluice

struct DLQCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq", abstract: "Dead letters: why records failed, and what to do with them.",
        subcommands: [
            DLQListCommand.self, DLQShowCommand.self, DLQTryCommand.self, DLQRedriveCommand.self,
            DLQDiscardCommand.self, DLQExportCommand.self,
        ],
        defaultSubcommand: DLQListCommand.self, aliases: ["dlqs"])
}

struct DLQListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Dead letters, grouped by cause (the default).", aliases: ["list"])

    @Argument(help: "Only this pipeline.", completion: NameCompletion.pipelines)
    var pipeline: String?

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let pipeline = pipeline
        let groups = try await context.withControl { control in
            // Asked for by name as well, so that a misspelt pipeline is an error and not an empty list.
            if let pipeline { _ = try await control.status(pipeline: pipeline) }
            return NumberedGroup.number(try await control.deadLetterGroups(pipeline: nil))
        }
        let shown = groups.filter { pipeline == nil || $0.group.pipeline == pipeline }
        if context.json {
            context.print(documents: shown.map(DeadLetterGroupDocument.init))
        } else if shown.isEmpty {
            context.note("no dead letters")
        } else {
            context.print(DeadLetterText(time: context.time).table(shown))
        }
    }
}
