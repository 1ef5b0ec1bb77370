import ArgumentParser
import Sluice

struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive", abstract: "The raw copies of what has arrived.",
        subcommands: [
            ArchiveListCommand.self, ArchiveShowCommand.self, ArchiveExportCommand.self, ArchiveVerifyCommand.self,
        ], defaultSubcommand: ArchiveListCommand.self, aliases: ["archives"])
}

struct ArchiveListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "What is kept, by pipeline and hour of arrival.", aliases: ["list"])

    @Argument(help: "The pipeline; all, unless one is named.", completion: NameCompletion.pipelines)
    var pipeline: String?

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let pipeline = pipeline
        let hours = try await context.withControl { try await $0.archive(pipeline: pipeline) }
        if context.json { return context.print(documents: hours.map(ArchiveHourDocument.init)) }
        if hours.isEmpty { return context.note("no raw copies") }
        context.print(ArchiveText(time: context.time).table(hours))
    }
}

struct ArchiveShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One raw copy: when it arrived, where it is, and its bytes.",
        discussion: """
            A record is named by its identity, as `dlq show` and `trace` print it, or by its own name (`id:`); an object \
            by bucket/key@version. Several may have one name: all of them are shown.
            """)

    @Argument(help: "The pipeline.", completion: NameCompletion.pipelines)
    var pipeline: String

    @Argument(help: "The identity of a record, its name, or an object's version.")
    var record: String

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let (pipeline, record) = (pipeline, record)
        let (folder, copies, objects) = try await context.withControl { control in
            let finder = RawCopyFinder(control: control, pipeline: pipeline)
            return (
                try await control.hello().folder, try await finder.messages(called: record),
                try await finder.objects(named: record)
            )
        }
        if copies.isEmpty, objects.isEmpty {
            throw CommandFailure(
                .usage,
                "no raw copy of '\(pipeline)' is called '\(record)', or its time was over; records of an object are in "
                    + "the object: name it as bucket/key@version")
        }
        let text = ArchiveText(time: context.time)
        for (place, copy) in copies.enumerated() {
            if context.json {
                context.print(document: RawCopyDocument(copy))
            } else {
                context.print((place == 0 ? [] : [""]) + text.lines(of: copy))
            }
        }
        for object in objects {
            if context.json {
                context.print(document: ArchivedObjectDocument(object))
            } else {
                let path = context.application.assembly.path(ofBlob: object.blob, folder: folder)
                context.print(text.lines(of: object, path: path))
            }
        }
    }
}

struct ArchiveVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read all raw copies, and compare them with their checksums.",
        discussion: "Exit 4 when one is damaged.")

    @Argument(help: "The pipeline; all, unless one is named.", completion: NameCompletion.pipelines)
    var pipeline: String?

    @OptionGroup var common: CommonOptions

    private struct Document: Encodable {
        var pipeline: String
        var count: Int
        var bytes: Int
        var problems: [String]
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let pipeline = pipeline
        let results = try await untilInterrupted {
            try await context.withControl(use: .lasting) { control in
                var results: [Document] = []
                let names = Set(try await control.archive(pipeline: pipeline).map(\.pipeline)).sorted()
                for name in names {
                    var result = Document(pipeline: name, count: 0, bytes: 0, problems: [])
                    var after: Int64? = 0
                    while let place = after {
                        let page = try await control.verifyArchive(pipeline: name, after: place)
                        result.count += page.count
                        result.bytes += page.bytes
                        result.problems += page.problems
                        after = page.next
                    }
                    results.append(result)
                }
                return results
            }
        }
        for result in results {
            if context.json {
                context.print(document: result)
            } else {
                let damage = result.problems.isEmpty ? "all whole" : "\(result.problems.count) damaged"
                context.print(
                    [
                        "\(result.pipeline): \(Numbers.grouped(result.count)) read, \(Numbers.bytes(result.bytes)), \(damage)"
                    ]
                        + result.problems.map { "  \(SafeText.line($0))" })
            }
        }
        if results.isEmpty { context.note("no raw copies") }
        if results.contains(where: { !$0.problems.isEmpty }) { throw CommandFailure(.damaged) }
    }
}
