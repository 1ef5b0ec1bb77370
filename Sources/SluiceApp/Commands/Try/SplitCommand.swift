import ArgumentParser
import Foundation
import Sluice
import SluiceConnectors

struct SplitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split", abstract: "What Split would make of a file: how many records, and what is broken.",
        discussion: """
            Nothing is stored. The file is read as an object of this name would be, with the options of the definition, or \
            by its name and its first bytes. Exit 3 when something in it is no record.
            """)

    @Argument(help: "The file.", completion: .file())
    var file: String

    @Option(name: .shortAndLong, help: "The definition with `source: {bucket: …}`.", completion: .file())
    var definition: String?

    @Option(help: "The pipeline, where the definition's file has several.")
    var pipeline: String?

    @OptionGroup var common: CommonOptions

    /// Records of one part, as the step takes them.
    private static let part = (records: 2_000, bytes: 1 << 20)

    mutating func run() async throws {
        let context = try CommandContext(common)
        let path = FolderLocation.absolute(file, in: context.console.workingDirectory)
        let key = path.split(separator: "/").last.map(String.init) ?? path
        let reading = ObjectReading(path: path, key: key, try await source(context), from: nil)
        var summary = SplitSummary()
        do {
            while true {
                let batch = try await reading.next(records: Self.part.records, bytes: Self.part.bytes)
                summary.add(batch)
                if batch.isAtEnd { break }
            }
        } catch let error as ObjectError {
            throw CommandFailure(.usage, "\(error)")
        }
        await reading.close()
        if context.json { context.print(document: summary) } else { context.print(summary.lines(of: key)) }
        if summary.broken > 0 { throw CommandFailure(.dead) }
    }

    private func source(_ context: CommandContext) async throws -> Pipeline {
        guard let definition else {
            return Pipeline(
                name: "split", source: .bucket("split"), deliver: Deliver(to: .sqlite("none"), table: "none"))
        }
        let found = try context.pipeline(
            named: pipeline, among: try await context.definitions([definition]).pipelines)
        guard found.source.kind == .bucket else {
            throw CommandFailure(.usage, "pipeline '\(found.name)' reads no bucket: its messages are not split")
        }
        return found
    }
}

private struct SplitSummary: Encodable {
    struct Broken: Encodable {
        var record: Int64
        var line: Int64
        var byte: Int64
        var reason: String
    }

    var version = 1
    var records = 0
    /// Of the decompressed text.
    var bytes: Int64 = 0
    var broken = 0
    /// The first of them.
    var examples: [Broken] = []

    private static let mostExamples = 10

    mutating func add(_ batch: SplitBatch) {
        records += batch.records.count
        bytes = batch.position.offset
        broken += batch.broken.count
        for record in batch.broken.prefix(Self.mostExamples - examples.count) {
            examples.append(
                Broken(record: record.number, line: record.line, byte: record.offset, reason: record.reason))
        }
    }

    func lines(of key: String) -> [String] {
        let head = "\(SafeText.line(key)): \(Numbers.grouped(records)) records, \(Numbers.bytes(Int(bytes)))"
        guard broken > 0 else { return [head] }
        return ["\(head); \(Numbers.grouped(broken)) broken"]
            + examples.map { "  line \($0.line), byte \($0.byte): \(SafeText.line($0.reason))" }
            + (broken > examples.count ? ["  …"] : [])
    }
}
