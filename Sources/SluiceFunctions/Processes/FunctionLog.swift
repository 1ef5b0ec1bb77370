import Logging
import Sluice
import Synchronization

/// What one execution environment writes and how its invocations went: its log stream.
final class FunctionLog: Sendable {
    private struct State {
        var invocation: Invocation?
        /// What was written during the invocation, or since the last one.
        var output = Output()
        var lastError: String?
        /// Until the first invocation has reported it.
        var initDuration: Duration?
        var peakMemory: (bytes: Int, read: ContinuousClock.Instant)?

        /// The last line counts, but for one that says why all that follows it is written.
        mutating func note(_ line: String) {
            guard !line.isEmpty, lastError?.hasPrefix(FunctionLog.fatal) != true else { return }
            lastError = line.count > 500 ? line.prefix(500) + "…" : line
        }

        /// - Returns: what was written before and not kept.
        mutating func endOutput() -> InvocationLog.Dropped? {
            defer { output = Output() }
            return output.dropped
        }
    }

    private struct Invocation {
        let id: String
        let log: InvocationLog
        let begin = ContinuousClock.now
    }

    private struct Output {
        private var lines = 0
        private var bytes = 0
        private(set) var dropped: InvocationLog.Dropped?

        /// - Returns: false when the line is more than is kept.
        mutating func take(_ line: OutputLines.Line) -> Bool {
            let length = line.text.utf8.count
            if dropped == nil, lines < InvocationLog.mostLines, bytes + length <= InvocationLog.mostBytes {
                lines += 1
                bytes += length
                return true
            }
            dropped = InvocationLog.Dropped(
                lines: (dropped?.lines ?? 0) + 1, bytes: (dropped?.bytes ?? 0) + length + line.cut)
            return false
        }
    }

    let stream: String
    private let logger: Logger
    private let log: StepLog
    private let version: String
    /// The limit, in bytes.
    private let memory: Int
    private let state = Mutex(State())

    /// Node's last words, before a page of addresses.
    private static let fatal = "FATAL ERROR: "

    /// Asking the kernel takes longer than a short invocation does: what was read so shortly before is as good.
    private static let memoryAge: Duration = .milliseconds(100)

    /// - Parameter logger: what the process says on stderr; `log` is what is kept.
    init(_ logger: Logger, _ log: StepLog, version: String, memory: Int) {
        self.logger = logger
        self.log = log
        self.version = version
        self.memory = memory
        stream = LogStream.name(version: version, at: .wall)
    }

    /// The environment has asked for its first invocation.
    func started(after duration: Duration) { state.withLock { $0.initDuration = duration } }

    func begin(_ request: String, _ records: RecordMarks) {
        let log = InvocationLog(request, in: log, stream: stream, version: version, records: records)
        let dropped = state.withLock { state in
            state.invocation = Invocation(id: request, log: log)
            state.lastError = nil
            return state.endOutput()
        }
        if let dropped { self.log.write(.step, .warning, "Before: \(dropped)", stream: stream, fields: dropped.fields) }
        log.start()
    }

    /// - Parameters:
    ///   - answer: what came of the invocation.
    ///   - peakMemory: in bytes; read from the kernel.
    func end(_ answer: RuntimeEndpoint.Answer, timeout: Duration, peakMemory: () -> Int?) {
        let now = ContinuousClock.now
        let known = state.withLock { $0.peakMemory }
        let isFresh = known.map { now - $0.read < Self.memoryAge } ?? false
        let peak = isFresh || !log.keeps(.info) ? known?.bytes : peakMemory() ?? known?.bytes
        let ended = state.withLock { state -> (Invocation, Duration?, InvocationLog.Dropped?)? in
            if !isFresh { state.peakMemory = peak.map { ($0, now) } }
            guard let invocation = state.invocation else { return nil }
            defer {
                state.invocation = nil
                state.initDuration = nil
            }
            return (invocation, state.initDuration, state.endOutput())
        }
        guard let (invocation, initDuration, dropped) = ended else { return }
        failed(invocation, answer, timeout)
        invocation.log.end(
            InvocationLog.Report(
                duration: invocation.begin.duration(to: now), memory: memory, peakMemory: peak,
                initDuration: initDuration, dropped: dropped))
    }

    /// As Lambda writes it.
    private func failed(_ invocation: Invocation, _ answer: RuntimeEndpoint.Answer, _ timeout: Duration) {
        switch answer {
        case .response, .untouched, .cancelled, .tooLarge: break
        case .error(let error):
            invocation.log.failed(
                "[ERROR] \(error.reason)",
                Problem(reason: error.message, type: error.type ?? "Unhandled", remedy: .retry), trace: error.stackTrace
            )
        case .exited(let end):
            let text = "Error: Runtime exited with error: \(end.description)"
            invocation.log.failed(
                "RequestId: \(invocation.id) \(text)",
                Problem(reason: "RequestId: \(invocation.id) \(text)", type: end.errorType, remedy: .retry))
        case .timeUp:
            let text =
                "\(invocation.id) Task timed out after \(InvocationLog.Report.seconds(timeout)) seconds"
            invocation.log.failed(text, Problem(reason: text, type: "timeout", remedy: .retry))
        }
    }

    func write(_ line: OutputLines.Line) {
        let (request, log, isKept) = state.withLock { state -> (String?, InvocationLog?, Bool) in
            if line.stream == .standardError { state.note(line.text) }
            return (state.invocation?.id, state.invocation?.log, state.output.take(line))
        }
        guard isKept else { return }
        let fields = line.fields
        if let log {
            log.output(line.text, fields: fields)
        } else {
            self.log.write(.output, .info, line.text, stream: stream, fields: fields)
        }
        guard logger.logLevel <= .info else { return }
        var metadata: Logger.Metadata = ["stream": "\(line.stream.rawValue)"]
        if let request { metadata["request"] = "\(request)" }
        if line.cut > 0 { metadata["bytes_cut"] = "\(line.cut)" }
        logger.info("\(line.text)\(line.cut > 0 ? "…" : "")", metadata: metadata)
    }

    /// How the process ended, with what it has said of it.
    func explain(_ answer: RuntimeEndpoint.Answer) -> RuntimeEndpoint.Answer {
        guard case .exited(let end) = answer else { return answer }
        return .exited(explain(end))
    }

    func explain(_ end: ProcessEnd) -> ProcessEnd { end.explained(by: lastErrorLine, limit: ByteCount(memory)) }

    var lastErrorLine: String? { state.withLock { $0.lastError } }
}

extension OutputLines.Line {
    fileprivate var fields: LogFields {
        var fields: LogFields = ["output": .text(stream.rawValue)]
        if cut > 0 { fields.append("bytesCut", .number(Double(cut))) }
        return fields
    }
}
