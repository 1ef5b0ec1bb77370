import ArgumentParser
import Sluice

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "The queues and what is in them.",
        subcommands: [
            QueueListCommand.self, QueueShowCommand.self, QueuePeekCommand.self, QueueCreateCommand.self,
            QueuePurgeCommand.self,
        ], defaultSubcommand: QueueListCommand.self,
        aliases: ["queues"])
}

struct QueueListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "All queues, one a line.", aliases: ["list"])

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let queues = try await context.withControl { try await $0.queues(named: nil) }
        if context.json {
            context.print(documents: queues.map(QueueDocument.init))
        } else if queues.isEmpty {
            context.note("no queues yet")
        } else {
            context.print(QueueText(time: context.time).table(queues))
        }
    }
}

struct QueueShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "One queue: what is in it, its settings and attributes, its ledger, and who waits.")

    @Argument(help: "The queue, with or without .fifo.", completion: NameCompletion.queues)
    var queue: String

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let name = queue
        let detail = try await context.withControl { try await $0.detail(ofQueue: name) }
        if context.json {
            context.print(document: QueueDetailDocument(detail))
        } else {
            context.print(QueueText(time: context.time).lines(of: detail))
        }
    }
}
