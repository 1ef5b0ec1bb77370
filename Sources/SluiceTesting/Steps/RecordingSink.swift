package import Sluice
import Synchronization

/// A sink that answers as its script says and remembers what it was asked.
package final class RecordingSink: RecordSink {
    /// Answers the write of `batch`, the `attempt`th from 1.
    package typealias Script =
        @Sendable (_ batch: [SinkRecord], _ attempt: Int) async throws(SinkError) -> [SinkEffect]

    private struct State {
        var script: Script
        var attempts: [[RecordIdentity]] = []
        var written: [RecordIdentity] = []
        var settled: [RecordIdentity] = []
    }

    private let state: Mutex<State>

    /// By default every record is written.
    package init(_ script: @escaping Script = { batch, _ in batch.map { _ in .written } }) {
        state = Mutex(State(script: script))
    }

    /// What was asked to be written, write by write.
    package var attempts: [[RecordIdentity]] { state.withLock { $0.attempts } }
    /// What was written, in order.
    package var written: [RecordIdentity] { state.withLock { $0.written } }
    package var settled: [RecordIdentity] { state.withLock { $0.settled } }

    package func answer(with script: @escaping Script) { state.withLock { $0.script = script } }

    package func write(_ batch: [SinkRecord]) async throws(SinkError) -> [SinkEffect] {
        let records = batch.map(\.identity)
        let (script, attempt) = state.withLock { state in
            state.attempts.append(records)
            return (state.script, state.attempts.count)
        }
        let effects = try await script(batch, attempt)
        state.withLock { $0.written += records }
        return effects
    }

    package func settled(_ records: [RecordIdentity]) async throws(SinkError) {
        state.withLock { $0.settled += records }
    }

    package func probe() async throws(SinkError) {}
    package func close() async {}
}
