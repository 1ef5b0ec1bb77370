import ArgumentParser
import Logging
import Sluice
import Synchronization
import UnixSignals

struct SendCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Put records into a queue: one message a line, durable when it is counted.",
        discussion: """
            Lines end with LF or CRLF; empty lines are skipped; a line over 1 MB is refused (exit 3) and the rest \
            goes on. Waits while the queue is full. A queue that nobody defined is made, and waits for a definition.
            """)

    @Argument(help: "The queue, with or without .fifo.", completion: NameCompletion.queues)
    var queue: String

    @Argument(help: "The file; none or - = standard input.", completion: .file())
    var file: String?

    @Option(help: "The message group of all of them, where the definition has no group: of its own.")
    var group: String?

    @Flag(help: "One message a line (the default).")
    var lines = false

    @Flag(help: "The whole file is one message.")
    var whole = false

    @Option(help: "Go on behind so many lines, as an interrupted send said.")
    var skip = 0

    @OptionGroup var common: CommonOptions

    /// SQS's largest message; a pipeline's own `max_record` may be smaller.
    static let longest = ByteCount.megabytes(1).bytes

    mutating func validate() throws {
        if lines, whole { throw ValidationError("Give one of --lines and --whole.") }
        if skip < 0 || (whole && skip > 0) {
            throw ValidationError("--skip is a number of lines, and not for --whole.")
        }
        let bare = QueueNames.bare(queue)
        guard bare.utf8.allSatisfy(Self.isNameByte), (1...80).contains(queue.utf8.count), !bare.isEmpty else {
            throw ValidationError("A queue's name has 1 to 80 letters, digits, - and _; '\(queue)' is not one.")
        }
        if let group, !(1...128).contains(group.utf8.count) {
            throw ValidationError("--group has 1 to 128 characters.")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let input = try InputReader(
            path: file.map { path in
                path == "-" ? path : FolderLocation.absolute(path, in: context.console.workingDirectory)
            })
        let tally = SendTally(
            console: context.console, size: input.size, longest: Self.longest, skip: skip,
            unit: whole ? "file" : "line", quiet: context.quiet)
        let (queue, group, whole, skip) = (queue, group, whole, skip)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let report = SendReport(context: context, tally: tally, queue: queue, whole: whole, skip: skip)
        let interrupted: Bool
        do {
            interrupted = try await withTimeout(context.timeout) {
                let pump = SendPump(
                    input: input, connect: Self.connecting(to: queue, context), queue: queue, group: group,
                    longest: Self.longest, isWhole: whole, skip: skip, tally: tally)
                return try await Self.run(pump, until: signals)
            }
        } catch {
            // Before the first line was stored there is nothing to say but the error, if it says that none will be.
            let isRefused = if case ControlError.refused = error { true } else { false }
            if error is TimeoutError || tally.counts.linesBehind > skip || (tally.counts.unanswered > 0 && !isRefused) {
                report.print(isComplete: false)
            }
            throw error
        }
        report.print(isComplete: !interrupted)
        if interrupted { throw CommandFailure(.interrupted) }
        if tally.counts.refused > 0 { throw CommandFailure(.dead) }
    }

    /// Whoever has the folder, or this process; and again whoever has it when that one has ended.
    private static func connecting(to queue: String, _ context: CommandContext) -> SendLink.Connect {
        let isNoted = Mutex(false)
        return { attempt, body in
            switch attempt {
            case .first: break
            case .cutOff: context.logger.warning("the process that was sent to has ended; going on with the next one")
            case .standstill where isNoted.withLock({ exchange(&$0, with: true) }): break
            case .standstill:
                context.note("'\(queue)' is full, and nobody runs a pipeline that reads it: waiting for one")
            }
            try await context.withControl(mayCreate: true, use: attempt == .first ? .lasting : .resumed) { control in
                if attempt == .first, try await isNew(queue, control) {
                    context.note("'\(queue)' is a new queue; it waits for a definition that names it")
                }
                try await body(control)
            }
        }
    }

    private static func isNew(_ queue: String, _ control: any Control) async throws -> Bool {
        do {
            return try await control.queues(named: queue).isEmpty
        } catch ControlError.unknown {
            return true
        }
    }

    private enum Event { case ended, signal, late }

    /// How long what is under way may take after an interruption: a full queue could hold it for hours.
    private static let grace: Duration = .seconds(2)

    /// - Returns: whether a signal ended it.
    private static func run(_ pump: SendPump, until signals: UnixSignalsSequence) async throws -> Bool {
        try await withThrowingTaskGroup(of: Event.self) { tasks in
            tasks.addTask {
                try await pump.run()
                return .ended
            }
            tasks.addTask {
                for await _ in signals { return .signal }
                return .ended
            }
            defer { tasks.cancelAll() }
            guard try await tasks.next() == .signal else { return false }
            pump.stop()
            tasks.addTask {
                try await ContinuousClock().sleep(for: grace)
                return .late
            }
            _ = try await tasks.next()
            return true
        }
    }
}

/// The last line of `send`, however it ended.
private struct SendReport {
    let context: CommandContext
    let tally: SendTally
    let queue: String
    let whole: Bool
    /// Lines at the beginning that were not to be sent.
    let skip: Int

    private struct Document: Encodable {
        var queue: String
        var stored: Int
        var duplicates: Int
        var refused: Int
        var linesBehind: Int
        var unanswered: Int
        var complete: Bool
    }

    func print(isComplete: Bool) {
        let counts = tally.counts
        context.console.err(tally.clearing)
        if context.json {
            context.print(
                document: Document(
                    queue: queue, stored: counts.stored, duplicates: counts.duplicates, refused: counts.refused,
                    linesBehind: counts.linesBehind, unanswered: counts.unanswered,
                    complete: isComplete))
            return
        }
        let unit = whole ? "file" : "line"
        var text = "\(Numbers.grouped(counts.stored)) \(unit)\(counts.stored == 1 ? "" : "s") stored in \(queue)"
        if counts.duplicates > 0 { text += ", \(Numbers.grouped(counts.duplicates)) duplicates dropped" }
        if counts.refused > 0 { text += ", \(Numbers.grouped(counts.refused)) refused" }
        if !isComplete {
            if counts.linesBehind == skip, counts.unanswered == 0 {
                text += "; nothing was sent"
            } else if !whole {
                text += "; not all: go on with --skip \(counts.linesBehind)"
            }
        }
        if counts.unanswered > 0 {
            text +=
                counts.unanswered == 1
                ? " (the next one was sent and not answered: it may be stored)"
                : " (the next \(Numbers.grouped(counts.unanswered)) were sent and not answered: they may be stored)"
        }
        context.print([text])
    }
}
