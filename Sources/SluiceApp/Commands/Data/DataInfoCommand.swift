import ArgumentParser
import Foundation
import Sluice

struct DataInfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Where the data folder is, what takes its space, and what bounds that.")

    @OptionGroup var common: CommonOptions

    private struct Document: Encodable {
        var folder: String
        var bytes: Int
        /// Those of `bytes` that are kept free for the moment when the disk is full.
        var reserveBytes: Int
        var parts: [FolderParts.Part]
        var freeBytes: Int
        var messageBytes: Int
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
        let parts = try FolderParts(
            folder: folder.path, messageBytes: queues.reduce(0) { $0 + $1.depth.bytes })
        let document = Document(
            folder: folder.path, bytes: parts.bytes, reserveBytes: parts.bytes(of: "reserve"), parts: parts.parts,
            freeBytes: parts.freeBytes, messageBytes: parts.messageBytes, pipelines: report.pipelines.map(\.name),
            queues: queues.count, messages: queues.reduce(0) { $0 + $1.depth.messages },
            process: hello.processID == getpid() ? nil : hello.processID)
        if context.json {
            context.print(document: document)
        } else {
            context.print(Self.lines(document))
        }
    }

    private static func lines(_ document: Document) -> [String] {
        let pipelines = document.pipelines.isEmpty ? "none" : document.pipelines.joined(separator: ", ")
        let messages = document.messages == 1 ? "1 message" : "\(Numbers.grouped(document.messages)) messages"
        let process = document.process.map { "process \($0)" } ?? "nobody"
        var lines = ["folder     \(document.folder)", "size       \(sizeText(document))"]
        for part in document.parts {
            let name = part.name.padding(toLength: 17, withPad: " ", startingAt: 0)
            let what = part.name == "store" ? " (\(storeText(document)))" : ""
            lines.append("  \(name)\(Numbers.bytes(part.bytes))\(what); \(part.bound)")
        }
        return lines + [
            "pipelines  \(pipelines)", "queues     \(document.queues) with \(messages)", "in use by  \(process)",
        ]
    }

    private static func storeText(_ document: Document) -> String {
        "\(Numbers.bytes(document.messageBytes)) of messages, \(Numbers.bytes(document.freeBytes)) free"
    }

    private static func sizeText(_ document: Document) -> String {
        let reserve = Numbers.bytes(document.reserveBytes)
        return Numbers.bytes(document.bytes)
            + (document.reserveBytes > 0 ? ", of which \(reserve) are the reserve for a full disk" : "")
    }
}
