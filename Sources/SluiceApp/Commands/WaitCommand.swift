import ArgumentParser
import Sluice

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until pipelines run, or until nothing of them is left to do.",
        discussion: "For scripts; give it a --timeout (exit 124).")

    @Argument(help: "Only this pipeline.")
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
        try await context.withControl { try await $0.wait(pipeline: pipeline, until: condition) }
    }
}
