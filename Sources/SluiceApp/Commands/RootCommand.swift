import ArgumentParser
import Sluice

/// The command line of `sluice` and of every app. Alone it says what this machine is doing.
struct RootCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Application.current?.name ?? "sluice",
            abstract: "Serverless data pipelines in which every record is accounted for.",
            version: SluiceVersion.text,
            groupedSubcommands: [
                CommandGroup(
                    name: "Start:",
                    subcommands: [
                        CheckCommand.self, TryCommand.self, SplitCommand.self, ShowCommand.self, SchemaCommand.self,
                    ]),
                CommandGroup(
                    name: "Run:",
                    subcommands: [
                        RunCommand.self, ReloadCommand.self, PauseCommand.self, ResumeCommand.self, WaitCommand.self,
                    ]),
                CommandGroup(name: "Put in:", subcommands: [SendCommand.self, PutCommand.self]),
                CommandGroup(
                    name: "Watch:",
                    subcommands: [StatusCommand.self, LogsCommand.self, QueueCommand.self, BucketCommand.self]),
                CommandGroup(name: "Dead letters:", subcommands: [DLQCommand.self]),
                CommandGroup(
                    name: "Upstream or us?", subcommands: [TraceCommand.self, ArchiveCommand.self, ReplayCommand.self]),
                CommandGroup(
                    name: "Keep:", subcommands: [DataCommand.self, BackupCommand.self, RestoreCommand.self]),
                CommandGroup(name: "More:", subcommands: [CompletionsCommand.self, VersionCommand.self]),
            ])
    }

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        context.print([try await Self.summary(context), ""])
        context.print([RootCommand.helpMessage()])
    }

    /// One line; whatever is wrong with the folder is part of it and not a failure.
    private static func summary(_ context: CommandContext) async throws -> String {
        let name = context.application.name
        let folder: FolderLocation
        do {
            folder = try context.dataFolder()
        } catch is CommandFailure {
            return "\(name) \(SluiceVersion.text): nothing here yet (no data folder in or above this one)"
        }
        do {
            let (hello, report) = try await context.withControl { control in
                (try await control.hello(), try await control.status(pipeline: nil))
            }
            return line(name: name, hello: hello, report: report, folder: folder.path)
        } catch let error as ControlError {
            return "\(name) \(SluiceVersion.text) · \(folder.path): \(error)"
        }
    }

    static func line(name: String, hello: ControlHello, report: StatusReport, folder: String) -> String {
        let waiting = report.pipelines.reduce(0) { $0 + PipelineBalance($1).waiting }
        let dead = report.pipelines.reduce(0) { $0 + $1.dead }
        let runs =
            hello.pipelines.isEmpty || report.pipelines.allSatisfy { !$0.running }
            ? "nothing runs" : "runs \(hello.pipelines.joined(separator: ", ")) (process \(hello.processID))"
        return "\(name) \(SluiceVersion.text) · \(folder): \(runs); \(Numbers.grouped(waiting)) waiting, "
            + "\(Numbers.grouped(dead)) dead"
    }
}

enum SluiceVersion {
    static let text = "0.1.0"
}
