import ArgumentParser
import Foundation
import Sluice

struct ReplayCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Send raw copies through a pipeline again.",
        discussion: """
            They are not copied: what is sent again refers to what is kept. Each is a record of its own, called as what \
            it was with the number of the replay behind it (…~3), and counted as replayed. What still waits is not sent \
            again. A replay that is interrupted goes on with --resume.
            """)

    @Argument(help: "The pipeline.", completion: NameCompletion.pipelines)
    var pipeline: String

    @OptionGroup var arrival: ArrivalOptions

    @Option(help: "At most so many messages (objects, where it reads a bucket) in a second: 50/s, 100/m.")
    var rate: RateArgument?

    @Flag(help: "Say what would be sent, and send nothing.")
    var dryRun = false

    @Flag(help: "Send nothing: run it through today's code, and compare with the rows in the sink.")
    var shadow = false

    @Option(help: "With --shadow: a file for all that is not as it was, one JSON document a line.", completion: .file())
    var export: String?

    @Option(
        name: .shortAndLong, help: "With --shadow: the definition; that which ran last, unless it is named.",
        completion: .file())
    var file: String?

    @Option(help: "Go on with the replay of this number.")
    var resume: Int?

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if resume == nil, arrival.from == nil {
            throw ValidationError("--from is missing: since when is it to be sent again?")
        }
        if resume != nil, !arrival.isEmpty || dryRun {
            throw ValidationError("--resume goes on with what was asked for before: leave the other options out.")
        }
        if shadow, resume != nil || rate != nil || dryRun {
            throw ValidationError("--shadow sends nothing: --resume, --rate and --dry-run are for what is sent.")
        }
        if !shadow, export != nil || file != nil { throw ValidationError("--export and --file are for --shadow.") }
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let now = Timestamp.wall
        let request = arrival.from.map { from in
            ReplayRequest(
                pipeline: pipeline, from: from.moment(before: now), to: arrival.to?.moment(before: now) ?? now,
                conditions: arrival.conditions.map(\.condition))
        }
        if let request, request.from >= request.to {
            throw CommandFailure(.usage, "--from is not before --to: nothing arrived in between")
        }
        if dryRun, let request { return try await estimate(request, context) }
        if shadow, let request {
            return try await ShadowCommand(request: request, file: file, export: export).run(context)
        }
        let (resumed, name, pace) = (resume, pipeline, ReplayPace(rate: rate?.perSecond))
        let progress = ReplayProgress()
        do {
            let report = try await untilInterrupted {
                try await context.withControl(use: .lasting) { control in
                    var report = try await Self.begin(request, resumed, name, control)
                    progress.note(report)
                    while !report.isFinished {
                        let before = report.sent
                        report = try await control.continueReplay(report.number, atMost: pace.portion)
                        progress.note(report)
                        try await pace.wait(after: report.sent - before)
                    }
                    if !context.json, report.sent > 0, try await control.hello().pipelines.isEmpty {
                        context.note("nobody runs the pipeline; what was sent waits for `run`")
                    }
                    return report
                }
            }
            print(report, context)
        } catch {
            if let report = progress.latest {
                context.note(
                    "replay \(report.number) is not finished: \(Numbers.grouped(report.sent)) sent; "
                        + "`\(context.application.name) replay \(pipeline) --resume \(report.number)` goes on with it")
            }
            throw error
        }
    }

    private static func begin(
        _ request: ReplayRequest?, _ resumed: Int?, _ pipeline: String, _ control: any Control
    ) async throws -> ReplayReport {
        if let request { return try await control.beginReplay(request) }
        let report = try await control.continueReplay(resumed ?? 0, atMost: 0)
        guard report.request.pipeline == pipeline else {
            throw CommandFailure(
                .usage, "replay \(report.number) is one of '\(report.request.pipeline)', not of '\(pipeline)'")
        }
        return report
    }

    private func estimate(_ request: ReplayRequest, _ context: CommandContext) async throws {
        let estimate = try await context.withControl { try await $0.estimate(request) }
        if context.json { return context.print(document: ReplayEstimateDocument(request, estimate)) }
        guard let first = estimate.first, let last = estimate.last else {
            return context.print(["nothing that arrived then is kept"])
        }
        let time = context.time
        context.print([
            "would send \(Numbers.grouped(estimate.count)) \(estimate.kind.rawValue), \(Numbers.bytes(estimate.bytes)), "
                + "that arrived from \(time.full(first)) to \(time.full(last))"
                + (request.conditions.isEmpty ? "" : ", those of them that fulfil the conditions")
        ])
    }

    private func print(_ report: ReplayReport, _ context: CommandContext) {
        if context.json { return context.print(document: ReplayDocument(report)) }
        var text = "replay \(report.number): \(Numbers.grouped(report.sent)) \(report.kind.rawValue) sent again"
        if report.passedOver > 0 { text += ", \(Numbers.grouped(report.passedOver)) passed over" }
        if report.waiting > 0 { text += ", \(Numbers.grouped(report.waiting)) still wait and were not" }
        context.print([text])
    }
}

/// Waits between the parts of a replay, so that it is not faster than asked for.
struct ReplayPace: Sendable {
    let rate: Double?

    /// As many as come in a second, at once.
    var portion: Int { rate.map { Int(min(max($0, 1), 1_000_000)) } ?? .max }

    func wait(after count: Int) async throws {
        guard let rate, count > 0 else { return }
        try await Task.sleep(for: .seconds(Double(count) / rate))
    }
}
