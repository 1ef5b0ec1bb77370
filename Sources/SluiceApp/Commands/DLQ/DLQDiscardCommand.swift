import ArgumentParser
import Foundation
import Sluice

struct DLQDiscardCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Take dead letters out for good; the ledger keeps count, who and why.")

    @OptionGroup var chosen: DeadLetterOptions

    @Option(help: "Why they are discarded; kept with the count.")
    var reason: String

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var common: CommonOptions

    private struct Document: Encodable {
        var discarded: Int
        var reason: String
    }

    mutating func validate() throws {
        if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason says why, and is kept: not empty.") }
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let (chosen, reason, yes) = (chosen, reason, yes)
        let count = try await context.withControl { control in
            let selection = try await chosen.selection(in: control, reason: nil, needsChoice: true)
            guard let question = try await Self.question(selection, control) else { return 0 }
            try context.confirm(question, yes: yes)
            return try await control.discard(selection, reason: reason, who: NSUserName())
        }
        if context.json {
            context.print(document: Document(discarded: count, reason: reason))
        } else {
            context.print(["discarded \(Numbers.grouped(count)): \(reason)"])
        }
    }

    /// Names what would go, because the numbers of groups move when new records die.
    /// - Returns: `nil` where no dead letter is there that could go.
    private static func question(_ selection: DeadLetterSelection, _ control: any Control) async throws -> String? {
        let groups = try await control.deadLetterGroups(pipeline: selection.pipeline)
        if let fingerprint = selection.fingerprint, let group = groups.first(where: { $0.fingerprint == fingerprint }) {
            return "discard dead letters of \(group.pipeline) (\(group.count): \(SafeText.line(group.reason)))"
        }
        if !selection.ids.isEmpty { return "discard \(selection.ids.joined(separator: ", "))" }
        let total = groups.reduce(0) { $0 + $1.count }
        if total == 0 { return nil }
        let narrowed = selection.reason != nil || selection.since != nil
        return narrowed ? "discard the matching ones of \(total) dead letters" : "discard all \(total) dead letters"
    }
}
