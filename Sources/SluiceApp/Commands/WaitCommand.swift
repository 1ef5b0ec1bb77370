import ArgumentParser
import Sluice

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until pipelines run, or until nothing of them is left to do.",
        discussion: "For scripts; give it a --timeout (exit 124).")

    @Argument(help: "Only this pipeline.", completion: NameCompletion.pipelines)
    var pipeline: String?

    @Flag(help: "Until the pipelines run (the default).")
    var ready = false

    @Flag(help: "Until nothing is ready, delayed, backing off or in flight at a step.")
    var idle = false

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if ready, idle { throw ValidationError("Give one of --ready and --idle.") }
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let (pipeline, condition) = (pipeline, idle ? WaitCondition.idle : .ready)
        try await withTimeout(context.timeout) {
            var isNoted = false
            while let obstacle = try await Self.wait(context, for: pipeline, until: condition) {
                if !isNoted { context.note("waiting: \(obstacle)") }
                isNoted = true
                try await ContinuousClock().sleep(for: Self.interval)
            }
        }
    }

    /// A process that is about to start has no folder yet that could be watched.
    private static let interval: Duration = .milliseconds(100)

    /// - Returns: `nil` when it is so; else what is in the way and may go by itself.
    private static func wait(
        _ context: CommandContext, for pipeline: String?, until condition: WaitCondition
    ) async throws -> String? {
        let folder: FolderLocation
        do {
            folder = try context.dataFolder()
        } catch let error as CommandFailure {
            return error.message ?? "there is no data folder"
        }
        do {
            if let remote = try await RemoteControl.connect(folder: folder.path) {
                let obstacle = try await obstacle(remote, pipeline, condition)
                try await remote.close()
                return obstacle
            }
            // To take the folder for a look would keep it from the process that is waited for.
            if condition == .ready { return Self.nobody }
            return try await context.withControl { try await obstacle($0, pipeline, condition) }
        } catch ControlError.unknown(let text) {
            return text
        } catch ControlError.gone(let text) {
            return text
        } catch ControlError.busy(let text) {
            return text
        }
    }

    private static let nobody = "nobody runs it"

    /// - Returns: as `wait`.
    private static func obstacle(
        _ control: any Control, _ pipeline: String?, _ condition: WaitCondition
    ) async throws -> String? {
        if try await control.hello().pipelines.isEmpty {
            guard condition == .idle else { return nobody }
            // Nothing is left to do although nobody runs: what waits then stays.
            let report = try await control.status(pipeline: pipeline)
            return report.pipelines.allSatisfy { PipelineBalance($0).waiting == 0 } ? nil : nobody
        }
        do {
            try await control.wait(pipeline: pipeline, until: condition)
            return nil
        } catch ControlError.unknown(let text) {
            // What runs is all there is: a name that is not among it is a mistake.
            throw CommandFailure(.usage, text)
        }
    }
}
