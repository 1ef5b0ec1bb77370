import ArgumentParser
import Foundation
import Sluice

struct DLQRedriveCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive", abstract: "Send dead letters back to the queues they died in.")

    @OptionGroup var chosen: DeadLetterOptions

    @Option(help: "Whose reason contains this text.")
    var reason: String?

    @Option(help: "At most so many in a second: 50/s, 100/m.")
    var rate: RateArgument?

    @Option(help: "At most so many.")
    var limit: Int?

    @Option(help: "Stop when so many of them have died again; needs --rate, and a process that runs the pipeline.")
    var stopAfter: Int?

    @Option(help: "The new body; with one message only.")
    var edit: String?

    @OptionGroup var common: CommonOptions

    private struct Document: Encodable {
        var redriven: Int
        var diedAgain: Int
        var stopped: Bool
    }

    mutating func validate() throws {
        for value in [limit, stopAfter] where value.map({ $0 < 1 }) ?? false {
            throw ValidationError("--limit and --stop-after are at least 1.")
        }
        if stopAfter != nil, rate == nil {
            throw ValidationError(
                "--stop-after needs a --rate, such as 50/s: sent all at once, none would have died before the last is sent."
            )
        }
        if edit != nil, chosen.ids.count != 1 { throw ValidationError("--edit needs the id of one message.") }
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let (chosen, reason) = (chosen, reason)
        let options = RedriveOptions(
            rate: rate?.perSecond, limit: limit, stopAfter: stopAfter, body: try edit.map(Self.body))
        let use: FolderUse = rate == nil && stopAfter == nil ? .brief : .lasting
        let report = try await context.withControl(use: use) { control in
            if options.stopAfter != nil, try await control.hello().pipelines.isEmpty {
                throw CommandFailure(
                    .usage, "--stop-after: nobody runs the pipeline, so nothing would die again; start `run` first")
            }
            let selection = try await chosen.selection(in: control, reason: reason, needsChoice: true)
            return try await control.redrive(selection, options)
        }
        if context.json {
            context.print(
                document: Document(redriven: report.redriven, diedAgain: report.diedAgain, stopped: report.stopped))
        } else {
            let again = report.diedAgain > 0 ? ", \(Numbers.grouped(report.diedAgain)) died again" : ""
            context.print([
                "redriven \(Numbers.grouped(report.redriven))\(again)" + (report.stopped ? "; stopped" : "")
            ])
        }
        if report.stopped { throw CommandFailure(.dead) }
    }

    private static func body(_ path: String) throws -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw CommandFailure(.failed, "'\(path)' cannot be read: \(error.localizedDescription)")
        }
    }
}

/// `50/s`, `100/m`, `1000/h`.
struct RateArgument: ExpressibleByArgument, Sendable {
    var perSecond: Double

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        let seconds: [Substring: Double] = ["s": 1, "m": 60, "h": 3_600]
        guard parts.count == 2, let count = Double(parts[0]), count > 0, count.isFinite, let unit = seconds[parts[1]]
        else { return nil }
        perSecond = count / unit
    }
}
