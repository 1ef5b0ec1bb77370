import ArgumentParser
import Foundation
import Sluice
import Synchronization

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "What functions wrote and steps said, the oldest first.",
        discussion: """
            Works whether the pipeline runs or not; --follow waits for one that does not run yet. With --record: the \
            invocations that had this record, and what the steps said of it.
            """)

    @Argument(help: "PIPELINE, or PIPELINE/STEP.", completion: NameCompletion.steps)
    var target: StepArgument

    @Flag(name: .shortAndLong, help: "Go on with what comes.")
    var follow = false

    @Option(help: "From then on: \(MomentArgument.forms).")
    var since: MomentArgument?

    @Option(help: "Until then, in the same form.")
    var until: MomentArgument?

    @Option(help: "A record: its identity, as `dlq show` prints it, or the name that `id:` gave it.")
    var record: String?

    @Option(name: [.customShort("n"), .customLong("tail")], help: "Only the last so many lines.")
    var last: Int?

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if let last, last < 0 { throw ValidationError("-n is at least 0.") }
        if follow, until != nil { throw ValidationError("--follow and --until do not go together.") }
        if let record, record.isEmpty {
            throw ValidationError("--record needs an identity, or a name; `dlq show` prints both.")
        }
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let logs = context.application.assembly.logs(folder: try await folder(context))
        do {
            try await context.check(target, in: logs)
        } catch let failure as CommandFailure where follow && failure.status == .usage {
            context.note("\(failure.message ?? "there is no such pipeline"); waiting for it")
        } catch let error as ControlError where follow {
            // Somebody may be making the folder, or just ending.
            context.note("whether there is '\(target.pipeline)' cannot be asked yet: \(error)")
        }
        let query = LogQuery(
            pipeline: target.pipeline, step: target.step, since: since?.moment(before: .wall),
            until: until?.moment(before: .wall), record: record.map { RecordIdentity($0) }, last: last)
        let follow = follow
        let text = LogText(time: context.time, showsStep: target.step == nil)
        let found = Atomic(0)
        let unreadable = try await withTimeout(context.timeout) {
            try await logs.read(query, follow: follow) { entries in
                found.wrappingAdd(entries.count, ordering: .relaxed)
                if context.json {
                    context.print(documents: entries.map(LogDocument.init))
                } else {
                    context.print(entries.flatMap(text.lines(of:)))
                }
            }
        }
        if unreadable > 0 {
            context.note(
                "\(unreadable) lines could not be read: a process was killed while it wrote, or they are damaged")
        }
        if let record, found.load(ordering: .relaxed) == 0 {
            throw CommandFailure(
                .usage,
                "nothing that is kept is about a record '\(record)'; `dlq show` prints the identities of records")
        }
    }

    /// - Returns: the data folder; with --follow, once there is one.
    private func folder(_ context: CommandContext) async throws -> String {
        guard follow else { return try context.dataFolder().path }
        let path = try context.location(mayCreate: true).path
        guard !FolderLocation.isDirectory(path) else { return path }
        context.note("there is no data folder '\(path)' yet; waiting for it")
        try await withTimeout(context.timeout) {
            while true {
                // What is nearest to it and there: each folder on the way is a change in the one before.
                var nearest = path
                while !FolderLocation.isDirectory(nearest) {
                    nearest = URL(filePath: nearest).deletingLastPathComponent().path
                }
                let watch = try FolderWatch(folder: nearest)
                if FolderLocation.isDirectory(path) { return }
                if nearest == path || FolderLocation.isDirectory(Self.child(of: nearest, towards: path)) { continue }
                try await watch.wait(atMost: .seconds(60))
            }
        }
        return path
    }

    private static func child(of folder: String, towards path: String) -> String {
        let rest = path.dropFirst(folder == "/" ? 1 : folder.count + 1)
        return (folder == "/" ? "" : folder) + "/" + rest.prefix { $0 != "/" }
    }
}

extension CommandContext {
    /// A misspelt name is an error and not an empty log. What has a log is known by it; whoever has the folder is asked
    /// only for what has none.
    fileprivate func check(_ target: StepArgument, in logs: any LogStore) async throws {
        let logged = try logs.pipelines()
        if target.step == nil, logged.contains(target.pipeline) { return }
        let report: StatusReport
        do {
            report = try await withControl { try await $0.status(pipeline: nil) }
        } catch let error as ControlError where logged.contains(target.pipeline) {
            // What was logged is of most use when something is wrong.
            return note("whether there is a step '\(target.step ?? "")' cannot be asked: \(error)")
        }
        guard let pipeline = report.pipelines.first(where: { $0.name == target.pipeline }) else {
            // Of a former definition: its steps are not known any more.
            if logged.contains(target.pipeline) { return }
            let known = Set(report.pipelines.map(\.name)).union(logged).sorted()
            throw CommandFailure(.usage, Self.unknown("pipeline", target.pipeline, among: known))
        }
        let steps = (pipeline.steps + pipeline.formerSteps).map(\.name.step)
        guard let step = target.step, !steps.contains(step) else { return }
        throw CommandFailure(.usage, "pipeline '\(pipeline.name)': " + Self.unknown("step", step, among: steps))
    }

    private static func unknown(_ noun: String, _ name: String, among names: [String]) -> String {
        let near = NearestName.hint(for: name, among: names)
        let known = names.isEmpty ? "; there is none" : "; there is \(names.joined(separator: ", "))"
        return "there is no \(noun) '\(name)'\(near.isEmpty ? known : near)"
    }
}
