import ArgumentParser
import Foundation
import Sluice

struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "The data folder.",
        subcommands: [DataInfoCommand.self, DataCheckCommand.self, DataUpgradeCommand.self])
}

struct DataInfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Where the data folder is, how large, and what is in it.")

    @OptionGroup var common: CommonOptions

    private struct Document: Encodable {
        var folder: String
        var bytes: Int
        /// Those of `bytes` that are kept free for the moment when the disk is full.
        var reserveBytes: Int
        var pipelines: [String]
        var queues: Int
        var messages: Int
        var process: Int32?
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let folder = try context.dataFolder()
        let (hello, report, queues) = try await context.withControl { control in
            (
                try await control.hello(), try await control.status(pipeline: nil),
                try await control.queues(named: nil)
            )
        }
        let document = Document(
            folder: folder.path, bytes: try Self.size(of: folder.path),
            reserveBytes: try Self.size(of: folder.path, ["reserve"]), pipelines: report.pipelines.map(\.name),
            queues: queues.count, messages: queues.reduce(0) { $0 + $1.depth.messages },
            process: hello.processID == getpid() ? nil : hello.processID)
        if context.json {
            context.print(document: document)
        } else {
            context.print([
                "folder     \(document.folder)", "size       \(Self.sizeText(document))",
                "pipelines  \(document.pipelines.isEmpty ? "none" : document.pipelines.joined(separator: ", "))",
                "queues     \(document.queues) with "
                    + (document.messages == 1 ? "1 message" : "\(Numbers.grouped(document.messages)) messages"),
                "in use by  \(document.process.map { "process \($0)" } ?? "nobody")",
            ])
        }
    }

    private static func sizeText(_ document: Document) -> String {
        let reserve = Numbers.bytes(document.reserveBytes)
        return Numbers.bytes(document.bytes)
            + (document.reserveBytes > 0 ? ", of which \(reserve) are the reserve for a full disk" : "")
    }

    /// - Parameter names: of the files that count; `nil` = all that is in the folder.
    private static func size(of folder: String, _ names: [String]? = nil) throws -> Int {
        let files = FileManager.default
        return try (names ?? files.subpathsOfDirectory(atPath: folder)).reduce(0) { sum, path in
            do {
                let attributes = try files.attributesOfItem(atPath: "\(folder)/\(path)")
                return sum + ((attributes[.size] as? Int) ?? 0)
            } catch CocoaError.fileReadNoSuchFile, CocoaError.fileNoSuchFile {
                // A file of the store that went while we looked.
                return sum
            }
        }
    }
}
