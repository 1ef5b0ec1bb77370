import ArgumentParser
import Sluice

struct DLQTryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try", abstract: "Dead letters through today's code: which would pass now.",
        discussion: """
            Nothing is stored, delivered or redriven. Only records that died on their way to the delivery are tried: \
            what died at the sink had passed the function. Exit 3 when one does not pass.
            """)

    @OptionGroup var chosen: DeadLetterOptions

    @Option(help: "Whose reason contains this text.")
    var reason: String?

    @Option(name: .customShort("n"), help: "At most so many, the oldest first.")
    var limit = 1_000

    @Option(
        name: .shortAndLong, help: "The definition with today's code; none = the pipelines of this app.",
        completion: .file())
    var file: String?

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if limit < 1 { throw ValidationError("-n is at least 1.") }
    }

    mutating func run() async throws {
        let plain = try CommandContext(common)
        let definitions = try await plain.definitions(file.map { [$0] } ?? [])
        let context = plain.masking(definitions.masker)
        let (chosen, limit, reason) = (chosen, limit, reason)
        let letters = try await context.withControl { control in
            let selection = try await chosen.selection(in: control, reason: reason, needsChoice: true)
            return try await control.deadLetters(selection, limit: limit)
        }
        guard let first = letters.first else { throw CommandFailure(.usage, "no dead letter matches") }
        let name = chosen.pipeline ?? first.pipeline
        let pipeline = try context.pipeline(named: name, among: definitions.pipelines)
        let tried = letters.filter { $0.pipeline == name && $0.source == pipeline.intakeQueue }
        if tried.count < letters.count {
            context.note("\(letters.count - tried.count) did not die of the function of '\(name)', and are not tried")
        }
        let trial = try Trial(pipeline, context)
        let (results, version) = try await trial.run(
            tried.map { Trial.Record(label: $0.name ?? $0.identity.text, body: $0.body[...]) })
        try context.print(results, version: version)
    }
}
