import Logging
import Sluice
import Synchronization

/// What a process writes, with the invocation during which it wrote it.
final class FunctionLog: Sendable {
    private struct State {
        var request: String?
        var lastError: String?
        /// Lines of the present invocation.
        var lines = 0
    }

    private let logger: Logger
    private let state = Mutex(State())

    /// A function that floods its log in one invocation is cut short here: the first lines say what happens.
    private static let mostLines = 10_000

    init(_ logger: Logger) { self.logger = logger }

    func begin(_ request: String) {
        state.withLock { state in
            state.request = request
            state.lines = 0
            state.lastError = nil
        }
    }

    /// - Parameter peakMemory: in bytes; read from the kernel, so only when somebody wants to know.
    func end(_ duration: Duration, peakMemory: @autoclosure () -> Int?) {
        guard logger.logLevel <= .debug else { return }
        let (request, dropped) = state.withLock { ($0.request, max(0, $0.lines - Self.mostLines)) }
        var metadata: Logger.Metadata = [
            "request": "\(request ?? "none")", "duration_ms": "\(duration.milliseconds)",
        ]
        if let peakMemory = peakMemory() { metadata["max_memory_mb"] = "\(peakMemory >> 20)" }
        if dropped > 0 { metadata["lines_dropped"] = "\(dropped)" }
        logger.debug("An invocation has ended", metadata: metadata)
    }

    func write(_ line: OutputLines.Line) {
        let (request, isKept) = state.withLock { state in
            state.lines += 1
            if line.stream == .standardError, !line.text.isEmpty { state.lastError = String(line.text.prefix(500)) }
            return (state.request, state.lines <= Self.mostLines)
        }
        guard isKept else { return }
        var metadata: Logger.Metadata = ["stream": "\(line.stream.rawValue)"]
        if let request { metadata["request"] = "\(request)" }
        if line.cut > 0 { metadata["bytes_cut"] = "\(line.cut)" }
        logger.info("\(line.text)", metadata: metadata)
    }

    var lastErrorLine: String? { state.withLock { $0.lastError } }
}
