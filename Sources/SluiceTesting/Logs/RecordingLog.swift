package import Logging
package import Sluice
import Synchronization

/// Keeps log lines, so that a test can wait for one and read it.
package struct RecordingLog: LogHandler {
    package final class Lines: Sendable {
        private let kept = Mutex<[String]>([])
        package let changed = Signal()

        package init() {}

        package var all: [String] { kept.withLock { $0 } }
        package func add(_ line: String) {
            kept.withLock { $0.append(line) }
            changed.notify()
        }
        package func wait(for text: String) async throws {
            while true {
                let version = changed.version
                if all.contains(where: { $0.contains(text) }) { return }
                try await changed.wait(after: version)
            }
        }
    }

    package let lines: Lines
    package var metadata: Logger.Metadata = [:]
    package var logLevel = Logger.Level.trace

    package init(lines: Lines) { self.lines = lines }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let pairs = all.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: " ")
        lines.add("\(event.level): \(event.message) \(pairs)")
    }
}
