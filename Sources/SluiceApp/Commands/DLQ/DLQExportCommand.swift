import ArgumentParser
import Foundation
import Sluice

struct DLQExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Dead letters into a file, with all that is known of them; nothing is removed.",
        discussion: """
            One JSON document a line, as `dlq show --json` has it, with the body as `body_text` where it is UTF-8, \
            else as `body` in base64. The file is \
            written whole or not at all. With --raw, the bodies alone, one a line, so that `send` reads them again: one \
            with a line break in it is left out and counted (exit 3).
            """)

    @OptionGroup var chosen: DeadLetterOptions

    @Option(help: "Whose reason contains this text.")
    var reason: String?

    @Option(name: .shortAndLong, help: "The file; - is stdout.", completion: .file())
    var output: String

    @Flag(help: "The bodies alone, one a line.")
    var raw = false

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let target = output == "-" ? nil : FolderLocation.absolute(output, in: context.console.workingDirectory)
        let (chosen, reason, form) = (chosen, reason, raw ? DeadLetterLines.Form.raw : .documents)
        let counts = try await untilInterrupted {
            try await context.withControl(use: .lasting) { control in
                let selection = try await chosen.selection(in: control, reason: reason, needsChoice: true)
                return try await Self.export(selection, of: control, form, to: target, context.console)
            }
        }
        context.note("\(Numbers.grouped(counts.written)) dead letters written" + (target.map { " to \($0)" } ?? ""))
        if counts.leftOut > 0 {
            throw CommandFailure(
                .dead,
                "\(Numbers.grouped(counts.leftOut)) left out: a body with a line break, or none, is no line; export them "
                    + "without --raw")
        }
    }

    /// - Parameter target: `nil` = stdout.
    private static func export(
        _ selection: DeadLetterSelection, of control: any Control, _ form: DeadLetterLines.Form, to target: String?,
        _ console: Console
    ) async throws -> (written: Int, leftOut: Int) {
        let file = try target.map { try WholeFile(path: $0) }
        do {
            var lines = DeadLetterLines(form: form)
            var place: DeadLetterPlace?
            repeat {
                let page = try await control.deadLetters(selection, after: place)
                try Task.checkCancellation()
                let bytes = lines.bytes(of: page.letters)
                if let file { try file.write(bytes) } else { console.outBytes(bytes) }
                place = page.next
            } while place != nil
            if lines.written + lines.leftOut == 0 {
                throw CommandFailure(.usage, "no dead letter matches, and nothing was written")
            }
            try file?.finish()
            return (lines.written, lines.leftOut)
        } catch {
            file?.discard()
            throw error
        }
    }
}

/// Dead letters as lines of a file.
struct DeadLetterLines {
    enum Form { case documents, raw }

    let form: Form
    private(set) var written = 0
    /// Those that are no line.
    private(set) var leftOut = 0

    init(form: Form) { self.form = form }

    mutating func bytes(of letters: [DeadLetter]) -> [UInt8] {
        var bytes: [UInt8] = []
        for letter in letters {
            switch form {
            case .documents: bytes += Array(JSONText.document(ExportedLetter(letter)).utf8)
            case .raw:
                // What `send` would read otherwise than it is.
                let isLine = !letter.body.contains(UInt8(ascii: "\n")) && letter.body.last != UInt8(ascii: "\r")
                guard isLine, !letter.body.isEmpty else {
                    leftOut += 1
                    continue
                }
                bytes += letter.body
            }
            bytes.append(UInt8(ascii: "\n"))
            written += 1
        }
        return bytes
    }
}

/// A dead letter with all that is known of it, its latest failure at the top.
private struct ExportedLetter: Encodable {
    let letter: DeadLetter

    private enum Keys: CodingKey { case step, reason, type, code }

    init(_ letter: DeadLetter) { self.letter = letter }

    func encode(to encoder: any Encoder) throws {
        try DeadLetterDocument(letter, bodyOnce: true).encode(to: encoder)
        var container = encoder.container(keyedBy: Keys.self)
        if let failure = letter.history.latest {
            try container.encode(failure.step, forKey: .step)
            try container.encode(failure.reason, forKey: .reason)
            try container.encodeIfPresent(failure.type, forKey: .type)
            try container.encodeIfPresent(failure.version, forKey: .code)
        }
    }
}
