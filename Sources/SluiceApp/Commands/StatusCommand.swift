import ArgumentParser
import Sluice

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What runs, what waits, what is dead, and whether it adds up.",
        discussion: """
            With --check: exit 4 the ledger does not add up, 5 stalled (a step is paused, a breaker is open, or records \
            wait and nobody runs their pipeline), 3 something is dead, else 0.
            """)

    @Argument(help: "Only this pipeline.", completion: NameCompletion.pipelines)
    var pipeline: String?

    @Flag(help: "Exit 4, 5 or 3 when something is wrong, for cron and monitoring.")
    var check = false

    @Flag(help: "Again and again, until Ctrl-C: on a terminal in place, else one block for each change.")
    var watch = false

    @Option(help: "How often --watch looks: 500ms, 2s, 1m.")
    var interval = TimeSpan(.seconds(2))

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if watch, check { throw ValidationError("Give one of --watch and --check.") }
        guard interval.duration >= .milliseconds(100) else { throw ValidationError("--interval is at least 100ms.") }
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let pipeline = pipeline
        if watch { return try await StatusWatch(context, pipeline: pipeline, interval: interval.duration).run() }
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
