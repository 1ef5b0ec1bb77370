import ArgumentParser
import Sluice

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What runs, what waits, what is dead, and whether it adds up.",
        discussion: """
            With --check: exit 4 the ledger does not add up, 5 stalled (a step is paused, a breaker is open, or records \
            wait and nobody runs their pipeline), 3 something is dead, else 0.
            """)

    @Argument(help: "Only this pipeline.")
    var pipeline: String?

    @Flag(help: "Exit 4, 5 or 3 when something is wrong, for cron and monitoring.")
    var check = false

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let pipeline = pipeline
        let report = try await context.withControl { try await $0.status(pipeline: pipeline) }
        if context.json {
            context.print(document: StatusDocument(report))
        } else {
            let text = StatusText(report: report, command: context.application.name, time: context.time)
            context.print(text.lines)
        }
        if check, report.exitStatus != .done { throw CommandFailure(report.exitStatus) }
    }
}
