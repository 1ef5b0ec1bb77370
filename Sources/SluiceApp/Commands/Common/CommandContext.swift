import Foundation
import Logging
import Sluice

/// What a command needs beside its own arguments: the app, the console, and a way to whoever has the data folder.
struct CommandContext: Sendable {
    private(set) var application: Application
    let data: String?
    let json: Bool
    let quiet: Bool
    let timeout: Duration?
    /// Engine seconds per real second, in an engine that this command opens.
    private(set) var clockRate = 1
    private(set) var logger: Logger
    /// Hides what the command's definitions keep secret.
    private(set) var mask: @Sendable (String) -> String = { $0 }
    private let logLevel: Logger.Level
    private let logFormat: LogFormat

    var console: Console { application.console }

    /// How long a command waits for another one that has the folder, unless `--timeout` says otherwise.
    static let patience: Duration = .seconds(5)

    init(_ options: CommonOptions) throws {
        guard let application = Application.current else {
            throw CommandFailure(.failed, "a command ran outside of an application")
        }
        self.application = application
        data = options.data
        json = options.json
        quiet = options.quiet
        timeout = options.timeout?.duration
        logLevel = options.logLevel.level
        logFormat = options.logFormat
        logger = Self.logger(application, logLevel, options.logFormat)
    }

    private static func logger(_ application: Application, _ level: Logger.Level, _ format: LogFormat) -> Logger {
        let handler = handler(application, level, format)
        return Logger(label: application.name) { _ in handler }
    }

    private static func handler(
        _ application: Application, _ level: Logger.Level, _ format: LogFormat
    ) -> ConsoleLogHandler {
        ConsoleLogHandler(label: application.name, level: level, format: format, write: application.console.err)
    }

    /// A logger that says what is at least of `level`, or of the command's where that is lower, and each failure once.
    func loggerOfFailuresOnce(_ level: Logger.Level) -> Logger {
        let handler = OnceLogHandler(
            wrapped: Self.handler(application, min(level, logLevel), logFormat), seen: FailuresSaid())
        return Logger(label: application.name) { _ in handler }
    }

    /// From here on no secret of a definition reaches stderr, whoever writes it there.
    func masking(_ secrets: Secrets) -> CommandContext {
        secrets.isEmpty ? self : masking(KnownSecrets(secrets))
    }

    /// The same, where more secrets become known later.
    func masking(_ secrets: KnownSecrets) -> CommandContext {
        var copy = self
        let write = console.err
        copy.mask = { secrets.mask($0) }
        copy.application.console.err = { write(secrets.mask($0)) }
        copy.logger = Self.logger(copy.application, logLevel, logFormat)
        return copy
    }

    func with(clockRate: Int) -> CommandContext {
        var copy = self
        copy.clockRate = clockRate
        return copy
    }

    /// Data, on stdout.
    func print(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        console.out(lines.joined(separator: "\n") + "\n")
    }

    /// One JSON document, on stdout.
    func print(document: some Encodable) { console.out(JSONText.document(document) + "\n") }

    /// One JSON document a line, on stdout.
    func print(documents: [some Encodable]) {
        for document in documents { print(document: document) }
    }

    /// What is worth knowing beside the data, on stderr; not with `--quiet`.
    func note(_ text: String) {
        if !quiet { console.err(text + "\n") }
    }

    var time: TimeText { TimeText(now: .wall) }

    /// Where the data folder is, or would be.
    func location(mayCreate: Bool) throws -> FolderLocation {
        try FolderLocation.find(
            flag: data, environment: console.environment, workingDirectory: console.workingDirectory,
            mayCreate: mayCreate)
    }

    func dataFolder(mayCreate: Bool = false) throws -> FolderLocation {
        let folder = try location(mayCreate: mayCreate)
        if folder.isNew { note("new data folder \(folder.path)") }
        return folder
    }

    /// Asks before something that cannot be undone; without a terminal it needs `--yes`.
    /// - Throws: `CommandFailure`: 64 without a terminal and without `--yes`, 1 when the answer is no.
    func confirm(_ question: String, yes: Bool) throws {
        if yes { return }
        guard console.isTerminal else {
            throw CommandFailure(.usage, "\(question): this cannot be undone; without a terminal it needs --yes")
        }
        console.err("\(question)? [y/N] ")
        guard let answer = console.readAnswer(), ["y", "yes"].contains(answer.lowercased()) else {
            throw CommandFailure(.failed, "nothing was done")
        }
    }
}
