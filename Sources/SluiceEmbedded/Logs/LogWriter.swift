import Dispatch
import Foundation
package import Logging
package import Sluice
import Synchronization

/// Takes the lines of all pipelines and writes them to files, on a thread of its own.
///
/// What is handed over waits in a buffer of bounded size, so that neither a slow disk nor a function that floods its
/// log holds up a record. When it is full, entries are dropped, a function's output first; the log says how many.
///
/// Nothing is synced: a process that is killed loses the lines of the last twentieth of a second, a power cut those of
/// about the last half minute, which the kernel had not written yet.
package final class LogWriter: LogSink {
    private struct State {
        var entries: [LogEntry] = []
        /// Of what waits.
        var bytes = 0
        /// By pipeline, since it was last said.
        var dropped: [String: Int] = [:]
        var changes: [String: Logs] = [:]
        var isClosed = false
        var isFinished = false
        var finished: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    /// What may wait, in bytes.
    static let mostBytes = 16 << 20
    /// Of them for what functions write: START, REPORT and what steps say still find room when a function floods.
    private static let mostOutputBytes = 12 << 20
    /// The writer is woken as soon as something waits, and then lets more come together for so long.
    private static let linger: DispatchTimeInterval = .milliseconds(50)
    private static let urgentBytes = 4 << 20

    /// Starts the thread.
    /// - Parameters:
    ///   - folder: the data folder.
    ///   - secrets: what must not stand in a log, as far as it is known by now. Asked before anything is written.
    package static func start(
        folder: String, clock: any EngineClock, logger: Logger, secrets: @escaping @Sendable () -> Secrets
    ) -> LogWriter {
        let writer = LogWriter()
        clock.onJump { writer.signal.signal() }
        let thread = Thread {
            var files = LogFolderWriter(folder: folder, clock: clock, logger: logger, secrets: secrets)
            writer.run(&files, clock)
            writer.finish()
        }
        thread.name = "sluice-log"
        thread.start()
        return writer
    }

    private init() {}

    /// What is kept of a pipeline, from now on.
    package func keep(_ logs: Logs, of pipeline: String) {
        state.withLock { $0.changes[pipeline] = logs }
        signal.signal()
    }

    package func write(_ entry: LogEntry) {
        let size = entry.size
        let limit = entry.kind == .output ? Self.mostOutputBytes : Self.mostBytes
        let wakes = state.withLock { state in
            guard state.bytes + size <= limit, !state.isClosed else {
                state.dropped[entry.pipeline, default: 0] += 1
                return false
            }
            let before = state.bytes
            state.bytes += size
            state.entries.append(entry)
            return before == 0 || (before < Self.urgentBytes && state.bytes >= Self.urgentBytes)
        }
        if wakes { signal.signal() }
    }

    /// Writes what waits, and ends.
    package func close() async {
        await withCheckedContinuation { continuation in
            let isFinished = state.withLock { state in
                state.isClosed = true
                if !state.isFinished { state.finished.append { continuation.resume() } }
                return state.isFinished
            }
            if isFinished { continuation.resume() } else { signal.signal() }
        }
    }

    // MARK: The thread's side

    private struct Work {
        var entries: [LogEntry]
        var dropped: [String: Int]
        var changes: [String: Logs]
        var isClosed: Bool
    }

    private func run(_ files: inout LogFolderWriter, _ clock: any EngineClock) {
        while true {
            wait(atMost: clock.realDelay(until: files.nextMaintenance))
            let work = take()
            for (pipeline, logs) in work.changes { files.keep(logs, of: pipeline) }
            files.write(work.entries, dropped: work.dropped)
            if work.isClosed, work.entries.isEmpty { return files.close() }
            files.maintain()
        }
    }

    private func wait(atMost limit: Duration?) {
        if state.withLock({ $0.isClosed }) { return }
        guard let limit else {
            signal.wait()
            return linger()
        }
        // With a clock that runs fast, an hour may be no time at all.
        let milliseconds = Int(clamping: max(1_000, limit.milliseconds))
        if signal.wait(timeout: .now() + .milliseconds(milliseconds)) == .success { linger() }
    }

    private func linger() {
        let (isClosed, bytes) = state.withLock { ($0.isClosed, $0.bytes) }
        if !isClosed, bytes < Self.urgentBytes { _ = signal.wait(timeout: .now() + Self.linger) }
    }

    private func take() -> Work {
        state.withLock { state in
            defer {
                state.entries = []
                state.bytes = 0
                state.dropped = [:]
                state.changes = [:]
            }
            return Work(
                entries: state.entries, dropped: state.dropped, changes: state.changes, isClosed: state.isClosed)
        }
    }

    private func finish() {
        let waiting = state.withLock { state in
            state.isFinished = true
            defer { state.finished = [] }
            return state.finished
        }
        for resume in waiting { resume() }
    }
}
