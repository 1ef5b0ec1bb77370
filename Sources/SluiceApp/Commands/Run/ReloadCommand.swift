import ArgumentParser
import Sluice

struct ReloadCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Read the definitions and the code of what runs again.",
        discussion: """
            Shows what would change, then does it: pipelines that changed finish what they hold and start anew, the \
            others do not notice. With mistakes, or where what is removed holds messages, nothing changes (exit 78). \
            SIGHUP does the same, and says it in the log. What ${NAME} stands for is up to the environment of the \
            process that runs.
            """)

    @Argument(
        help: "Definitions, or folders of them, in place of those that run; none = the same, read again.",
        completion: .file())
    var files: [String] = []

    @Flag(help: "Only show what would change.")
    var dryRun = false

    @OptionGroup var common: CommonOptions

    var changesSomething: Bool { !dryRun }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let here = context.console.workingDirectory
        let paths = files.isEmpty ? nil : files.map { FolderLocation.absolute($0, in: here) }
        let dryRun = dryRun
        let (plan, wasFaster) = try await context.withControl { control in
            let plan = try await control.planReload(of: paths)
            guard plan.isPossible else { return (plan, false) }
            if !context.json { context.print(ReloadText(plan: plan).lines) }
            if dryRun { return (plan, false) }
            let done = try await control.reload(paths, as: plan)
            return (done, plan.changesAnything && !done.changesAnything)
        }
        for warning in plan.warnings { context.note("warning: \(warning)") }
        guard plan.mistakes.isEmpty else { throw context.failure(of: plan.mistakes) }
        let isDone = plan.isPossible && !dryRun
        if context.json {
            context.print(document: Document(plan, isDone: isDone))
        } else if plan.isPossible {
            let verdict = Self.verdict(plan, isDone: isDone)
            context.note(wasFaster ? "\(verdict): another reload has done it meanwhile" : verdict)
        }
        guard plan.isPossible else {
            if context.json { throw CommandFailure(.definition) }
            context.print(ReloadText(plan: plan).lines)
            throw CommandFailure(.definition, "nothing was reloaded")
        }
    }

    private static func verdict(_ plan: ReloadPlan, isDone: Bool) -> String {
        guard plan.changesAnything else { return "nothing has changed" }
        return isDone ? "reloaded: \(ReloadText(plan: plan).summary)" : "nothing was done: --dry-run"
    }

    private struct Document: Encodable {
        struct Change: Encodable {
            var pipeline: String
            var change: String
            var settings: [PipelineChange.Setting]
            var oldCode: String?
            var newCode: String?
            var waiting: Int
            var dead: Int
        }

        var reloaded: Bool
        var pipelines: [Change]
        var refusals: [String]

        init(_ plan: ReloadPlan, isDone: Bool) {
            reloaded = isDone && plan.changesAnything
            refusals = plan.refusals
            pipelines = plan.pipelines.map {
                Change(
                    pipeline: $0.name, change: $0.kind.rawValue, settings: $0.settings, oldCode: $0.oldCode,
                    newCode: $0.newCode, waiting: $0.waiting, dead: $0.dead)
            }
        }
    }
}
