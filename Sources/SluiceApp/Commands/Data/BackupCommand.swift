import ArgumentParser
import Sluice

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the data folder as it is now, while it runs or not.",
        discussion: """
            The copy is of one moment: queues, dead letters, ledger, raw copies, objects, kept code, and the key pair of \
            the endpoints; no logs, and not what the pipelines have delivered. It is checked as `data check` checks: \
            exit 4 when something in it is damaged. What was deleted is not in it.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "A folder that is not there yet, or empty.", completion: .directory)
    var to: String

    private struct Document: Encodable {
        var folder: String
        var backup: String
        var bytes: Int
        var messages: Int?
        var objects: Int
        var segments: Int
        var problems: [String]
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let folder = try context.dataFolder()
        let target = FolderLocation.absolute(to, in: context.console.workingDirectory)
        let report = try await context.application.assembly.backUp(
            folder: folder.path, to: target, logger: context.logger)
        if context.json {
            context.print(
                document: Document(
                    folder: folder.path, backup: report.path, bytes: report.bytes, messages: report.messages,
                    objects: report.objects, segments: report.segments, problems: report.problems))
        } else {
            context.print(
                [
                    "\(report.path): \(Numbers.bytes(report.bytes)) with "
                        + (report.messages.map { "\(Numbers.counted($0, "message")), " } ?? "")
                        + "\(Numbers.counted(report.objects, "object")) and "
                        + "\(Numbers.counted(report.segments, "segment")) of raw copies"
                ] + report.problems)
        }
        if !report.problems.isEmpty { throw CommandFailure(.damaged) }
    }
}
