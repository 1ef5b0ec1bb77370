import ArgumentParser
import Foundation
import Sluice

struct QueuePurgeCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Take all messages out of a queue for good; the ledger keeps count and who.")

    @Argument(help: "The queue, with or without .fifo.", completion: NameCompletion.queues)
    var queue: String

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var common: CommonOptions

    private struct Document: Encodable {
        var queue: String
        var purged: Int
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let (queue, yes) = (queue, yes)
        let (name, count) = try await context.withControl { control in
            let report = try await control.detail(ofQueue: queue).report
            try context.confirm(
                "take all \(Numbers.grouped(report.depth.messages)) messages out of '\(report.name)'", yes: yes)
            return (report.name, try await control.purgeQueue(report.name, who: NSUserName()))
        }
        if context.json {
            context.print(document: Document(queue: name, purged: count))
        } else {
            context.print(["purged \(name): \(Numbers.grouped(count))"])
        }
    }
}
