import ArgumentParser
import Sluice

struct RestoreCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a data folder of a backup; its pipelines start paused.",
        discussion: """
            --data names the folder to be made: one that is not there yet, or empty. What the backup holds may have been \
            delivered since it was made, and is delivered again after `resume`: into a table with a key that changes \
            nothing. Look at `status` first. Exit 4 when something in the backup is damaged.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "What `backup` has made.", completion: .directory)
    var from: String

    private struct Document: Encodable {
        var backup: String
        var folder: String
        var messages: Int
        var paused: [String]
        var problems: [String]
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        guard let data = common.data else {
            throw CommandFailure(.usage, "say with --data which folder is to be made; it must not be there yet")
        }
        let backup = FolderLocation.absolute(from, in: context.console.workingDirectory)
        let report = try await context.application.assembly.restore(
            folder: FolderLocation.absolute(data, in: context.console.workingDirectory), from: backup,
            logger: context.logger)
        let paused = report.paused.map(\.description)
        if context.json {
            context.print(
                document: Document(
                    backup: backup, folder: report.path, messages: report.messages, paused: paused,
                    problems: report.problems))
        } else {
            let wait =
                paused.isEmpty
                ? "it has no pipelines" : "paused: \(paused.joined(separator: ", ")) (`status`, then `resume`)"
            context.print(
                ["\(report.path): \(Numbers.counted(report.messages, "message")); \(wait)"] + report.problems)
        }
        if !report.problems.isEmpty { throw CommandFailure(.damaged) }
    }
}
