import ArgumentParser
import Foundation
import Sluice

struct PutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Put files into a bucket: each becomes an object, whole or not at all.",
        discussion: """
            An object's key is --prefix and the file's name without its folder. One that is in the bucket under this key \
            is overwritten. Pipelines that read the bucket are told of each object, in the order of the files. A bucket \
            that nobody defined is made, and waits for a definition.
            """)

    @Argument(help: "The bucket.", completion: NameCompletion.buckets)
    var bucket: String

    @Argument(help: "Files; - is standard input, and needs --key.", completion: .file())
    var files: [String]

    @Option(help: "What the keys begin with, such as in/.")
    var prefix = ""

    @Option(help: "The whole key, for one file.")
    var key: String?

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if let problem = BucketNames.problem(of: bucket) { throw ValidationError("'\(bucket)' \(problem).") }
        if key != nil, files.count > 1 || !prefix.isEmpty {
            throw ValidationError("--key names one object: give one file, and no --prefix.")
        }
        if files.contains("-"), key == nil { throw ValidationError("Standard input has no name: give --key.") }
        for file in files {
            if let problem = BucketNames.problem(ofKey: key(of: file)) {
                throw ValidationError("The key '\(key(of: file).prefix(100))' \(problem).")
            }
        }
    }

    private func key(of file: String) -> String {
        key ?? prefix + (file.split(separator: "/", omittingEmptySubsequences: true).last.map(String.init) ?? "")
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let here = context.console.workingDirectory
        let bucket = bucket
        let sources = files.map { file in
            ObjectPump.Source(path: file == "-" ? nil : FolderLocation.absolute(file, in: here), key: key(of: file))
        }
        let report = PutReport(context: context, bucket: bucket)
        do {
            try await untilInterrupted {
                try await context.withControl(mayCreate: true, use: .lasting) { control in
                    let folder = try await control.hello().folder
                    if try await Self.isNew(bucket, control) {
                        context.note("'\(bucket)' is a new bucket; it waits for a definition that names it")
                    }
                    let pump = ObjectPump(
                        bucket: bucket, folder: folder, assembly: context.application.assembly, control: control)
                    try await pump.run(sources) { report.add($0) }
                }
            }
        } catch {
            if report.count > 0 { report.print(of: files.count) }
            throw error
        }
        report.print(of: files.count)
    }

    private static func isNew(_ bucket: String, _ control: any Control) async throws -> Bool {
        do {
            return try await control.buckets(named: bucket).isEmpty
        } catch ControlError.unknown {
            return true
        }
    }
}
