import ArgumentParser
import Foundation
import Sluice

struct TryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try", abstract: "Records through the function, what it makes of each on the screen.",
        discussion: """
            Nothing is stored and nothing delivered. Records are lines; what the function itself writes goes to \
            stderr. Exit 3 when a record did not pass.
            """)

    @Argument(help: "The definition.", completion: .file())
    var file: String

    @Argument(help: "The file of records; none or - = standard input.", completion: .file())
    var records: String?

    @Option(help: "The pipeline, where the file has several.")
    var pipeline: String?

    @Option(name: .customShort("n"), help: "At most so many records, from the first.")
    var limit = 1_000

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if limit < 1 { throw ValidationError("-n is at least 1.") }
    }

    mutating func run() async throws {
        let plain = try CommandContext(common)
        let definitions = try await plain.definitions([file])
        let context = plain.masking(definitions.masker)
        let trial = try Trial(try context.pipeline(named: pipeline, among: definitions.pipelines), context)
        let (results, version) = try await trial.run(try read(context.console.workingDirectory))
        try context.print(results, version: version)
    }

    private func read(_ folder: String) throws -> [Trial.Record] {
        let data: Data
        do {
            if let records, records != "-" {
                data = try Data(contentsOf: URL(fileURLWithPath: FolderLocation.absolute(records, in: folder)))
            } else {
                data = try FileHandle.standardInput.readToEnd() ?? Data()
            }
        } catch {
            throw CommandFailure(.usage, "cannot read '\(records ?? "-")': \(error.localizedDescription)")
        }
        var result: [Trial.Record] = []
        for (index, line) in [UInt8](data).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() where result.count < limit {
            let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if !text.isEmpty { result.append(Trial.Record(label: "line \(index + 1)", body: Array(text)[...])) }
        }
        return result
    }
}
