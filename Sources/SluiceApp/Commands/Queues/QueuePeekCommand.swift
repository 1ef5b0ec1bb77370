import ArgumentParser
import Foundation
import Sluice

struct QueuePeekCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peek", abstract: "Messages of a queue, oldest first, without receiving them.")

    @Argument(help: "The queue, with or without .fifo.", completion: NameCompletion.queues)
    var queue: String

    @Option(name: .short, help: "How many, 1 to 1000.")
    var n = 10

    @Option(help: "Only those that are ready, delayed or in-flight.")
    var state: StateName?

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        guard (1...1_000).contains(n) else { throw ValidationError("-n is 1 to 1000.") }
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let (queue, state, limit) = (queue, state?.state, n)
        let messages = try await context.withControl { try await $0.peek(queue, state: state, limit: limit) }
        if context.json {
            context.print(documents: messages.map(PeekedMessageDocument.init))
        } else if messages.isEmpty {
            context.note("nothing is there")
        } else {
            context.print(QueueText(time: context.time).table(messages))
        }
    }
}

/// A state as people type it.
enum StateName: String, ExpressibleByArgument, CaseIterable {
    case ready, delayed
    case inFlight = "in-flight"

    var state: PeekedMessage.State {
        switch self {
        case .ready: .ready
        case .delayed: .delayed
        case .inFlight: .inFlight
        }
    }
}
