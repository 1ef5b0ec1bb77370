import ArgumentParser
import Sluice

/// `PIPELINE` or `PIPELINE/STEP`.
struct StepArgument: ExpressibleByArgument, Sendable {
    var pipeline: String
    var step: String?

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        pipeline = parts[0]
        step = parts.count == 2 ? parts[1] : nil
    }
}

struct PauseCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stop steps from receiving; sends are still taken.",
        discussion: "Survives a restart; `status` shows it until `resume`.")

    @Argument(help: "PIPELINE, or PIPELINE/STEP.", completion: NameCompletion.steps)
    var target: StepArgument

    @Option(help: "Why; shown in status.")
    var reason: String?

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let (target, reason) = (target, reason)
        let steps = try await context.withControl {
            try await $0.pause(pipeline: target.pipeline, step: target.step, reason: reason)
        }
        context.report(steps, "paused")
    }
}

struct ResumeCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Let paused steps receive again.")

    @Argument(help: "PIPELINE, or PIPELINE/STEP.", completion: NameCompletion.steps)
    var target: StepArgument

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let target = target
        let steps = try await context.withControl {
            try await $0.resume(pipeline: target.pipeline, step: target.step)
        }
        context.report(steps, "resumed")
    }
}

private struct StepsDocument: Encodable {
    var action: String
    var steps: [String]
}

extension CommandContext {
    fileprivate func report(_ steps: [StepName], _ action: String) {
        if json {
            print(document: StepsDocument(action: action, steps: steps.map(\.description)))
        } else {
            print(steps.isEmpty ? ["nothing to change"] : steps.map { "\(action) \($0)" })
        }
    }
}
