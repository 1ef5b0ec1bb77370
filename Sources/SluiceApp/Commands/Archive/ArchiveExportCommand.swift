import ArgumentParser
import Foundation
import Sluice

struct ArchiveExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Raw copies into a file, or objects into a folder; nothing is removed.",
        discussion: """
            Messages: one JSON document a line, with the bytes as `body_text` where they are UTF-8, else as `body` in \
            base64; with --raw the bytes alone, one message a line, so that `send` reads them again (one with a line break \
            in it is left out and counted: exit 3). The file is written whole or not at all. Objects: files in a folder, \
            under their keys; where there are several versions of one, the later ones have @version behind the key.
            """)

    @Argument(help: "The pipeline.", completion: NameCompletion.pipelines)
    var pipeline: String

    @OptionGroup var arrival: ArrivalOptions

    @Option(name: .shortAndLong, help: "The file (- is stdout), or for objects the folder.", completion: .file())
    var output: String

    @Flag(help: "The bytes of messages alone, one a line.")
    var raw = false

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let now = Timestamp.wall
        let selection = RawCopySelection(
            pipeline: pipeline, from: arrival.from?.moment(before: now), to: arrival.to?.moment(before: now),
            conditions: arrival.conditions.map(\.condition))
        let target = output == "-" ? nil : FolderLocation.absolute(output, in: context.console.workingDirectory)
        let raw = raw
        let result = try await untilInterrupted {
            try await context.withControl(use: .lasting) { control -> ArchiveExport.Result in
                let export = ArchiveExport(control: control, context: context)
                let hours = try await control.archive(pipeline: selection.pipeline)
                if hours.contains(where: { $0.kind == .objects }) {
                    guard let target else { throw CommandFailure(.usage, "objects go into a folder: name one with -o") }
                    return try await export.objects(selection, into: target)
                }
                return try await export.messages(selection, raw: raw, to: target)
            }
        }
        context.note("\(Numbers.grouped(result.written)) written" + (target.map { " to \($0)" } ?? ""))
        if result.leftOut > 0 {
            throw CommandFailure(
                .dead,
                "\(Numbers.grouped(result.leftOut)) left out: a message with a line break is no line; export them without --raw"
            )
        }
    }
}

/// Writes raw copies out.
struct ArchiveExport {
    struct Result: Sendable {
        var written = 0
        var leftOut = 0
    }

    let control: any Control
    let context: CommandContext

    func messages(_ selection: RawCopySelection, raw: Bool, to target: String?) async throws -> Result {
        let file = try target.map { try WholeFile(path: $0) }
        do {
            var result = Result()
            var selection = selection
            repeat {
                let page = try await control.rawCopies(selection)
                try Task.checkCancellation()
                let bytes = lines(of: page.copies, raw: raw, &result)
                if let file { try file.write(bytes) } else { context.console.outBytes(bytes) }
                selection.after = page.next
            } while selection.after != nil
            if result.written + result.leftOut == 0 {
                throw CommandFailure(.usage, "no raw copy matches, and nothing was written")
            }
            try file?.finish()
            return result
        } catch {
            file?.discard()
            throw error
        }
    }

    private func lines(of copies: [RawCopy], raw: Bool, _ result: inout Result) -> [UInt8] {
        var bytes: [UInt8] = []
        for copy in copies {
            if raw {
                guard !copy.body.contains(UInt8(ascii: "\n")), copy.body.last != UInt8(ascii: "\r") else {
                    result.leftOut += 1
                    continue
                }
                bytes += copy.body
            } else {
                bytes += Array(JSONText.document(RawCopyDocument(copy)).utf8)
            }
            bytes.append(UInt8(ascii: "\n"))
            result.written += 1
        }
        return bytes
    }

    // MARK: Objects

    func objects(_ selection: RawCopySelection, into target: String) async throws -> Result {
        let folder = try await control.hello().folder
        var result = Result()
        var written: Set<String> = []
        var page = ArchivedObjectSelection(pipeline: selection.pipeline, from: selection.from, to: selection.to)
        while true {
            let objects = try await control.archivedObjects(page)
            guard let last = objects.last else { break }
            for object in objects {
                try Task.checkCancellation()
                guard selection.conditions.hold(forObject: object.object.object) else { continue }
                var name = Self.path(ofKey: object.object.object.key)
                if !written.insert(name).inserted { name += "@\(object.object.object.version)" }
                let blob = context.application.assembly.path(ofBlob: object.blob, folder: folder)
                try copy(blob, to: "\(target)/\(name)")
                result.written += 1
            }
            page.after = last.number
        }
        if result.written == 0 { throw CommandFailure(.usage, "no object matches, and nothing was written") }
        return result
    }

    private func copy(_ blob: String, to path: String) throws {
        let source = try open(blob)
        defer { source.closeFile() }
        do {
            let parent = URL(filePath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            let file = try WholeFile(path: path)
            do {
                while let piece = try source.read(upToCount: 1 << 20), !piece.isEmpty { try file.write(Array(piece)) }
                try file.finish()
            } catch {
                file.discard()
                throw error
            }
        } catch let error as ControlError {
            throw error
        } catch {
            throw CommandFailure(.failed, "'\(path)' cannot be written: \(error.localizedDescription)")
        }
    }

    private func open(_ blob: String) throws -> FileHandle {
        do {
            return try FileHandle(forReadingFrom: URL(filePath: blob))
        } catch {
            throw CommandFailure(
                .failed,
                "the bytes of an object cannot be read: \(error.localizedDescription) ('\(blob)'). Has it expired meanwhile? "
                    + "`archive verify` looks at all of them")
        }
    }

    /// A key as a path that stays within its folder: `..` and empty parts are percent-encoded.
    static func path(ofKey key: String) -> String {
        key.split(separator: "/", omittingEmptySubsequences: false).map { part in
            switch part {
            case "": "%2F"
            case ".": "%2E"
            case "..": "%2E%2E"
            default: String(part)
            }
        }.joined(separator: "/")
    }
}
