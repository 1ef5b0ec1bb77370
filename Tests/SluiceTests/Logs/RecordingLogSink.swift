import Logging
import Sluice
import SluiceTesting
import Synchronization

/// Keeps what is logged, for a test to look at.
final class RecordingLogSink: LogSink {
    private let kept = Mutex<[LogEntry]>([])

    var entries: [LogEntry] { kept.withLock { $0 } }
    func write(_ entry: LogEntry) { kept.withLock { $0.append(entry) } }

    func log(level: Logger.Level = .info, clock: any EngineClock = ManualClock()) -> StepLog {
        StepLog(
            StepName(pipeline: "orders", step: "transform"), sink: self, clock: clock, level: level, stream: "stream")
    }
}

extension RawRecord {
    /// A record whose identity is made of `number`.
    static func numbered(_ number: UInt64, _ body: String = "") -> RawRecord {
        RawRecord(
            body: Bytes(body), identity: RecordIdentity(MessageID(high: 1, low: number)),
            received: Timestamp(milliseconds: 0))
    }
}
