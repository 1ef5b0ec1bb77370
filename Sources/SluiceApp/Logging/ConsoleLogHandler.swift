import Foundation
import Logging
import Sluice

enum LogFormat: String, Sendable, CaseIterable { case text, json }

/// Logs to stderr: a line for people, or a line of JSON for a collector.
struct ConsoleLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let label: String
    private let format: LogFormat
    private let write: @Sendable (String) -> Void
    private let now: @Sendable () -> Timestamp

    init(
        label: String, level: Logger.Level, format: LogFormat, write: @escaping @Sendable (String) -> Void,
        now: @escaping @Sendable () -> Timestamp = { Timestamp.wall }
    ) {
        self.label = label
        logLevel = level
        self.format = format
        self.write = write
        self.now = now
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, own in own }
        let time = TimeText.rfc3339(now())
        switch format {
        case .text:
            let details = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            write(SafeText.line("\(time) \(event.level) \(event.message)\(details)") + "\n")
        case .json:
            var object = fields.mapValues { "\($0)" }
            object["time"] = time
            object["level"] = "\(event.level)"
            object["message"] = "\(event.message)"
            object["logger"] = label
            write(JSONText.line(object) + "\n")
        }
    }
}
