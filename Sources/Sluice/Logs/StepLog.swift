package import Logging

/// The log of one step: what is written here is known by its pipeline, its step and the time.
package struct StepLog: Sendable {
    package let name: StepName
    private let sink: any LogSink
    private let clock: any EngineClock
    /// Less than this is not kept.
    let level: Logger.Level
    /// The log stream of a function that runs in this process.
    let stream: String

    package init(
        _ name: StepName, sink: any LogSink, clock: any EngineClock, level: Logger.Level,
        stream: String = LogEntry.ownStream
    ) {
        self.name = name
        self.stream = stream
        self.sink = sink
        self.clock = clock
        self.level = level
    }

    /// Keeps nothing.
    package static let none = StepLog(
        StepName(pipeline: "", step: ""), sink: NoLog(), clock: SystemClock(), level: .critical)

    /// An invocation that failed after it had ended: what it answered cannot be used.
    package func failed(_ problem: Problem, requestID: String) {
        InvocationLog(requestID, in: self, stream: LogEntry.ownStream, version: "")
            .failed("[ERROR] \(problem.reason)", problem)
    }

    /// - Parameter message: made only when the level is kept.
    package func write(
        _ kind: LogEntry.Kind, _ level: Logger.Level, _ message: @autoclosure () -> String, requestID: String? = nil,
        stream: String = LogEntry.ownStream, fields: @autoclosure () -> LogFields = [:],
        records: @autoclosure () -> RecordMarks = RecordMarks()
    ) {
        guard keeps(level) else { return }
        sink.write(
            LogEntry(
                time: clock.now, pipeline: name.pipeline, step: name.step, kind: kind, level: level,
                message: message(), requestID: requestID, stream: stream, fields: fields(), records: records()))
    }

    /// Whether a line of this level is kept.
    package func keeps(_ level: Logger.Level) -> Bool { level >= self.level }

    /// A logger that writes here beside where `logger` writes: what the process says on stderr stays as it is.
    package func logger(beside logger: Logger) -> Logger {
        let own = StepLogHandler(self)
        return Logger(label: logger.label) { _ in MultiplexLogHandler([logger.handler, own]) }
    }
}

/// What is logged through swift-log, in the log of a step.
struct StepLogHandler: LogHandler {
    private let log: StepLog
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    /// Metadata that are properties of an entry, or say what the entry says anyway.
    private static let requestKey = StepLog.requestKey
    private static let known: Set<String> = [requestKey, "step", "pipeline"]

    init(_ log: StepLog) {
        self.log = log
        logLevel = log.level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        let request = all[Self.requestKey].map { "\($0)" }
        var fields: LogFields = [:]
        for (key, value) in all.sorted(by: { $0.key < $1.key }) where !Self.known.contains(key) {
            fields.append(key, .text("\(value)"))
        }
        if let error = event.error { fields.append("error", .text("\(error)")) }
        log.write(
            request == nil ? .step : .output, event.level, "\(event.message)", requestID: request,
            stream: request == nil ? LogEntry.ownStream : log.stream, fields: fields)
    }
}

extension StepLog {
    /// The metadata of a logger that says to which invocation its lines belong.
    static let requestKey = "request"
}
