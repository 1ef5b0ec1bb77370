package import Logging
package import Sluice
import Synchronization

/// Keeps what is logged, for a test to look at.
package final class RecordingLogSink: LogSink {
    private let kept = Mutex<[LogEntry]>([])

    package init() {}

    package var entries: [LogEntry] { kept.withLock { $0 } }
    package func write(_ entry: LogEntry) { kept.withLock { $0.append(entry) } }

    /// The log of `orders/transform`.
    package func log(level: Logger.Level = .info, clock: any EngineClock = ManualClock()) -> StepLog {
        StepLog(
            StepName(pipeline: "orders", step: "transform"), sink: self, clock: clock, level: level, stream: "stream")
    }
}
