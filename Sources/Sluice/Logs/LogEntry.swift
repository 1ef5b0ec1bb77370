package import Logging

/// One line of a pipeline's log, with what is known about it beside its text.
package struct LogEntry: Sendable, Hashable {
    /// What wrote it.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Lambda's own lines about an invocation.
        case start = "START"
        case end = "END"
        case report = "REPORT"
        /// An invocation has failed as a whole.
        case error = "ERROR"
        /// What the function wrote.
        case output = "OUTPUT"
        /// What the step said.
        case step = "STEP"
    }

    /// On the engine's clock, as the times of failures are.
    package var time: Timestamp
    package var pipeline: String
    /// `transform`, or the name of the delivery; `nil` = it concerns the whole pipeline.
    package var step: String?
    package var kind: Kind
    package var level: Logger.Level
    /// Any text, line ends included: whoever prints it sees to that.
    package var message: String
    /// The invocation during which it was written; `nil` = between two of them, or at no function.
    package var requestID: String?
    /// The log stream: one execution environment of the function, or `sluice` for the steps themselves.
    package var stream: String
    package var fields: LogFields
    /// Of START and ERROR: the records that the invocation was given. Of what a step says of one record: that one.
    package var records: RecordMarks

    package init(
        time: Timestamp, pipeline: String, step: String?, kind: Kind, level: Logger.Level, message: String,
        requestID: String? = nil, stream: String = LogEntry.ownStream, fields: LogFields = [:],
        records: RecordMarks = RecordMarks()
    ) {
        self.time = time
        self.pipeline = pipeline
        self.step = step
        self.kind = kind
        self.level = level
        self.message = message
        self.requestID = requestID
        self.stream = stream
        self.fields = fields
        self.records = records
    }

    /// The log stream of what no execution environment wrote.
    package static let ownStream = "sluice"

    /// The field with the identity of the one record that a line is about.
    package static let recordField = "record"

    /// About what it takes in memory, in bytes.
    package var size: Int {
        fields.all.reduce(256 + message.utf8.count + records.size) { $0 + 64 + $1.value.size }
    }
}

/// The value of a field: queries compare numbers as numbers.
package enum LogValue: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case text(String)
    case number(Double)

    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .number(Double(value)) }

    package var text: String {
        switch self {
        case .text(let text): text
        case .number(let number): Self.text(of: number)
        }
    }

    /// `13`, `12.34`.
    package static func text(of number: Double) -> String {
        Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }

    fileprivate var size: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .number: 0
        }
    }
}
