import Sluice
import UnixSignals

/// `status --watch`: looks every so often. Whoever has the folder may end and another may come meanwhile.
struct StatusWatch {
    private let context: CommandContext
    private let pipeline: String?
    private let interval: Duration

    init(_ context: CommandContext, pipeline: String?, interval: Duration) {
        self.context = context
        self.pipeline = pipeline
        self.interval = interval
    }

    /// - Throws: `CommandFailure` (130) after SIGINT or SIGTERM; `TimeoutError`; what `status` throws at the first look.
    func run() async throws {
        let resizes = await UnixSignalsSequence(trapping: .sigwinch)
        let resized = Signal()
        let screen = context.console.isScreen && !context.json ? Screen(context.console) : nil
        defer { screen?.leave() }
        try await untilInterrupted {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in resizes { resized.notify() } }
                defer { group.cancelAll() }
                try await withTimeout(context.timeout) { try await look(screen, resized) }
            }
        }
    }

    private func look(_ screen: Screen?, _ resized: Signal) async throws {
        var former: [String] = []
        var isFirst = true
        while true {
            let seen = resized.version
            let lines = try await lines(mayFail: !isFirst)
            isFirst = false
            if let screen {
                screen.draw(lines)
            } else if context.json {
                context.console.out(lines.joined(separator: "\n") + "\n")
            } else if lines != former {
                context.print(former.isEmpty ? lines : ["", context.time.full(.wall)] + lines)
            }
            former = lines
            // A resized screen is drawn at once; otherwise it is the clock's turn.
            try await resized.wait(after: seen, until: .wall + interval, clock: SystemClock(notBefore: nil))
        }
    }

    /// - Parameter mayFail: an error is what there is to show: the process may be between its end and its next start.
    private func lines(mayFail: Bool) async throws -> [String] {
        let pipeline = pipeline
        do {
            let report = try await context.withControl { try await $0.status(pipeline: pipeline) }
            if context.json { return [JSONText.document(StatusDocument(report))] }
            return StatusText(report: report, command: context.application.name, time: context.time).lines
        } catch let error as ControlError where mayFail {
            if context.json { return [JSONText.document(["error": error.description])] }
            return [SafeText.line(error.description)]
        }
    }
}
