import ArgumentParser
import Sluice

struct DLQShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Dead letters with their history and their bytes.")

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
        if context.json {
            context.print(documents: letters.map(DeadLetterDocument.init))
        } else {
            let text = DeadLetterText(time: context.time)
            context.print(Array(letters.map(text.lines(of:)).joined(separator: [""])))
        }
        if letters.isEmpty { throw CommandFailure(.usage, "no dead letter matches") }
    }
}
