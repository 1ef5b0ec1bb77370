import ArgumentParser
import Sluice

struct DLQShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Dead letters with their history, what was logged at the last failure, and their bytes.")

    @OptionGroup var chosen: DeadLetterOptions

    @Option(help: "Whose reason contains this text.")
    var reason: String?

    @Option(name: .customShort("n"), help: "At most so many, the oldest first.")
    var limit = 10

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if limit < 1 { throw ValidationError("-n is at least 1.") }
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let (chosen, limit, reason) = (chosen, limit, reason)
        let letters = try await context.withControl { control in
            let selection = try await chosen.selection(in: control, reason: reason, needsChoice: false)
            return try await control.deadLetters(selection, limit: limit)
        }
        let text = DeadLetterText(time: context.time)
        let log = FailureLog(logs: context.application.assembly.logs(folder: try context.dataFolder().path))
        for (place, letter) in letters.enumerated() {
            let entries = try await log.entries(of: letter)
            if context.json {
                context.print(document: DeadLetterDocument(letter, log: entries))
            } else {
                context.print((place == 0 ? [] : [""]) + text.lines(of: letter, log: entries))
            }
        }
        if letters.isEmpty { throw CommandFailure(.usage, "no dead letter matches") }
    }
}
