import Logging
import Sluice

/// Lines of a log for people.
struct LogText {
    let time: TimeText
    /// Whether the step is of interest: not where it was asked for.
    var showsStep: Bool

    /// `2026-11-26 07:00:01.123  transform  START RequestId: …`; what does not fit a line follows indented.
    func lines(of entry: LogEntry) -> [String] {
        var head = "\(time.precise(entry.time))  "
        if showsStep { head += (entry.step ?? "–") + "  " }
        if entry.level != .info, entry.kind != .error { head += "\(entry.level)".uppercased() + "  " }
        let message = SafeText.lines(entry.message)
        let trace = entry.fields["stackTrace"].map { SafeText.lines($0.text) } ?? []
        return [head + (message.first ?? "") + details(of: entry)] + (message.dropFirst() + trace).map { "    " + $0 }
    }

    /// What the steps say has its details beside it; Lambda's lines have theirs in the text.
    private func details(of entry: LogEntry) -> String {
        guard entry.kind == .step || entry.kind == .output else { return "" }
        return entry.fields.all.filter { !Self.inText.contains($0.name) }
            .map { " \($0.name)=\(SafeText.line($0.value.text))" }.joined()
    }

    /// What the text of a line says, or who reads it knows.
    private static let inText: Set<String> = [
        "stackTrace", "errorMessage", "receiveCount", LogEntry.recordField, "output", "lines", "bytes", "function",
    ]
}

/// A line of a log as one line of `--json`.
struct LogDocument: Encodable {
    var time: String
    var pipeline: String
    var step: String?
    var type: String
    var level: String
    var message: String
    var requestID: String?
    var logStream: String
    var fields: [String: LogValue]

    init(_ entry: LogEntry) {
        time = TimeText.rfc3339(entry.time)
        pipeline = entry.pipeline
        step = entry.step
        type = entry.kind.rawValue
        level = entry.level.rawValue
        message = entry.message
        requestID = entry.requestID
        logStream = entry.stream
        fields = Dictionary(entry.fields.all.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }

    private enum CodingKeys: String, CodingKey {
        case time, pipeline, step, type, level, message
        case requestID = "requestId"
        case logStream, fields
    }
}

extension LogValue: Encodable {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        }
    }
}
