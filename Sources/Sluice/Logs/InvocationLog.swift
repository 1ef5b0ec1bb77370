import Logging

/// Lambda's own lines about one invocation: START, what it failed with, END, REPORT.
package struct InvocationLog: Sendable {
    private let log: StepLog
    private let stream: String
    private let version: String
    private let requestID: String
    private let records: RecordMarks

    /// - Parameter records: what the invocation is given.
    package init(
        _ requestID: String, in log: StepLog, stream: String, version: String, records: RecordMarks = RecordMarks()
    ) {
        self.log = log
        self.stream = stream
        self.version = version
        self.requestID = requestID
        self.records = records
    }

    package func start() {
        log.write(
            .start, .info, "START RequestId: \(requestID) Version: \(version)", requestID: requestID, stream: stream,
            fields: ["records": .number(Double(records.count))], records: records)
    }

    /// What a function wrote.
    package func output(_ text: String, fields: LogFields) {
        log.write(.output, .info, text, requestID: requestID, stream: stream, fields: fields)
    }

    /// Why the invocation failed as a whole.
    /// - Parameters:
    ///   - text: as Lambda writes it.
    ///   - trace: where in the function, a line each; may be empty.
    package func failed(_ text: String, _ problem: Problem, trace: [String] = []) {
        var fields: LogFields = ["errorMessage": .text(problem.reason)]
        if let type = problem.type { fields.append("errorType", .text(type)) }
        if !trace.isEmpty {
            fields.append("stackTrace", .text(Self.bounded(trace.map(Self.line).joined(separator: "\n"))))
        }
        log.write(
            .error, .error, Self.bounded(text), requestID: requestID, stream: stream, fields: fields,
            records: records)
    }

    package func end(_ report: Report) {
        if let dropped = report.dropped {
            log.write(
                .step, .warning, dropped.description, requestID: requestID, stream: stream,
                fields: dropped.fields)
        }
        log.write(.end, .info, "END RequestId: \(requestID)", requestID: requestID, stream: stream)
        log.write(
            .report, .info, "REPORT RequestId: \(requestID)\t\(report.text)", requestID: requestID, stream: stream,
            fields: report.fields)
    }

    /// A function's own words are as long as it likes.
    private static let longest = 64 << 10

    private static func bounded(_ text: String) -> String {
        text.utf8.count <= longest ? text : String(decoding: text.utf8.prefix(longest), as: UTF8.self) + "…"
    }

    private static func line(_ text: String) -> Substring { text.hasSuffix("\n") ? text.dropLast() : text[...] }
}

extension InvocationLog {
    /// What is known of an invocation when it has ended.
    package struct Report: Sendable {
        package var duration: Duration
        /// The limit, in bytes; `nil` for a function without one of its own.
        package var memory: Int?
        /// The most it has had so far, in bytes; `nil` = not measured.
        package var peakMemory: Int?
        /// How long the start of the environment took; with its first invocation only.
        package var initDuration: Duration?
        package var dropped: Dropped?

        package init(
            duration: Duration, memory: Int? = nil, peakMemory: Int? = nil, initDuration: Duration? = nil,
            dropped: Dropped? = nil
        ) {
            self.duration = duration
            self.memory = memory
            self.peakMemory = peakMemory
            self.initDuration = initDuration
            self.dropped = dropped
        }

        var text: String {
            var text =
                "Duration: \(Self.milliseconds(duration)) ms\tBilled Duration: \(Self.billed(duration)) ms"
            if let memory { text += "\tMemory Size: \(memory >> 20) MB" }
            if let peakMemory { text += "\tMax Memory Used: \(peakMemory >> 20) MB" }
            if let initDuration { text += "\tInit Duration: \(Self.milliseconds(initDuration)) ms" }
            return text
        }

        /// By the names that CloudWatch Logs Insights has for them.
        var fields: LogFields {
            var fields: LogFields = [
                "duration": .number(Double(Self.hundredths(duration)) / 100),
                "billedDuration": .number(Double(Self.billed(duration))),
            ]
            if let memory { fields.append("memorySize", .number(Double(memory >> 20))) }
            if let peakMemory { fields.append("maxMemoryUsed", .number(Double(peakMemory >> 20))) }
            if let initDuration {
                fields.append("initDuration", .number(Double(Self.hundredths(initDuration)) / 100))
            }
            return fields
        }

        /// `12.34`.
        static func milliseconds(_ duration: Duration) -> String {
            let hundredths = hundredths(duration)
            let fraction = hundredths % 100
            return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
        }

        /// `3.00`.
        package static func seconds(_ duration: Duration) -> String { milliseconds(duration / 1_000) }

        /// Begun milliseconds count as whole ones.
        private static func billed(_ duration: Duration) -> Int64 { (hundredths(duration) + 99) / 100 }

        private static func hundredths(_ duration: Duration) -> Int64 {
            let (seconds, attoseconds) = duration.components
            return seconds * 100_000 + attoseconds / 10_000_000_000_000
        }
    }

    /// What a function wrote in one invocation beyond what is kept.
    package struct Dropped: Sendable, CustomStringConvertible {
        package var lines: Int
        package var bytes: Int

        package init(lines: Int, bytes: Int) {
            self.lines = lines
            self.bytes = bytes
        }

        package var description: String {
            "\(lines) more lines (\(bytes) bytes) were not kept: at most \(InvocationLog.mostLines) lines and "
                + "\(InvocationLog.mostBytes >> 20) MB of one invocation are"
        }

        package var fields: LogFields { ["lines": .number(Double(lines)), "bytes": .number(Double(bytes))] }
    }

    /// A function that floods its log is cut short in each invocation: the first lines say what happens.
    package static let mostLines = 10_000
    /// In bytes.
    package static let mostBytes = 4 << 20
}

/// The names of log streams.
package enum LogStream {
    /// `2026/11/26/[9f3c1]6b0f…`: one for each execution environment, as Lambda names them.
    package static func name(version: String, at time: Timestamp) -> String {
        var generator = SystemRandomNumberGenerator()
        let id = MessageID.random(using: &generator).description.filter { $0 != "-" }
        return "\(CivilDate(of: time).text(separator: "/"))/[\(version)]\(id)"
    }
}
