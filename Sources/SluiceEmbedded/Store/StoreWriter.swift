import Dispatch
import Foundation
import Logging
import Sluice
import Synchronization

/// The one thread that writes. Everything that waits shares its next transaction and is answered after the sync:
/// the batch grows by itself while the previous sync runs.
///
/// A thread, not an actor: a sync blocks for as long as the disk takes, and the cooperative pool has as few threads
/// as the machine has cores.
final class StoreWriter: Sendable {
    /// One operation. It checks, changes memory, and returns how to answer once that is durable. It may run again if
    /// the transaction it was part of failed.
    struct Submission: Sendable {
        /// Only stores something new: the first to be refused when the disk is full.
        let grows: Bool
        let run: @Sendable (StoreState) throws -> @Sendable () -> Void
        let fail: @Sendable (any Error) -> Void
    }

    private struct Inbox {
        var submissions: [Submission] = []
        var closed: String?
        var finished: [@Sendable () -> Void] = []
        var isFinished = false
    }

    private let inbox = Mutex(Inbox())
    private let signal = DispatchSemaphore(value: 0)

    /// Starts the thread. Returns once the store is loaded.
    /// - Parameter make: builds the state on the thread, where it stays.
    static func start(
        folder: String, logger: Logger, reserve: DiskReserve, faults: StoreFaults,
        make: @escaping @Sendable () throws -> StoreState
    ) async throws -> StoreWriter {
        let writer = StoreWriter()
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let thread = Thread {
                do {
                    let state = try make()
                    let turns = StoreTurns(
                        writer: writer, state: state, folder: folder, reserve: reserve,
                        checkpointer: try Checkpointer.start(path: state.database.path, logger: logger), logger: logger,
                        faults: faults)
                    continuation.resume()
                    turns.run()
                } catch {
                    continuation.resume(throwing: error)
                }
                writer.finish()
            }
            thread.name = "sluice-store"
            thread.start()
        }
        return writer
    }

    /// Runs `body` on the writer's thread; returns when what it did is durable.
    func submit<Value: Sendable>(
        grows: Bool = false, _ body: @escaping @Sendable (StoreState) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            enqueue(
                Submission(
                    grows: grows,
                    run: { state in
                        let value = try body(state)
                        return { continuation.resume(returning: value) }
                    },
                    fail: { continuation.resume(throwing: $0) }))
        }
    }

    func enqueue(_ submission: Submission) {
        let closed = inbox.withLock { inbox -> String? in
            if inbox.closed == nil { inbox.submissions.append(submission) }
            return inbox.closed
        }
        if let closed { submission.fail(QueueError.closed(closed)) } else { signal.signal() }
    }

    /// Wakes the thread to look at the time again.
    func wake() { signal.signal() }

    /// Accepts nothing more; what was accepted is committed. Waits for nothing.
    func end(_ reason: String) {
        inbox.withLock { inbox in inbox.closed = inbox.closed ?? reason }
        signal.signal()
    }

    /// Accepts nothing more, commits what was accepted, and returns when the file is closed.
    func close(_ reason: String) async {
        await withCheckedContinuation { continuation in
            let isFinished = inbox.withLock { inbox -> Bool in
                if inbox.closed == nil { inbox.closed = reason }
                if !inbox.isFinished { inbox.finished.append { continuation.resume() } }
                return inbox.isFinished
            }
            if isFinished { continuation.resume() } else { signal.signal() }
        }
    }

    // MARK: The thread's side

    /// What has been submitted since; `nil` when the store is closed and nothing is left.
    func takeSubmissions() -> [Submission]? {
        inbox.withLock { inbox in
            defer { inbox.submissions.removeAll(keepingCapacity: true) }
            return inbox.submissions.isEmpty && inbox.closed != nil ? nil : inbox.submissions
        }
    }

    /// How many submissions wait.
    var pending: Int { inbox.withLock { $0.submissions.count } }

    /// Sleeps until something is submitted or `timeout` has passed; `nil` = until something is submitted.
    func sleep(atMost timeout: Duration?) {
        if let timeout {
            _ = signal.wait(timeout: .now() + .milliseconds(Int(clamping: timeout.milliseconds)))
        } else {
            signal.wait()
        }
        forgetSignals()
    }

    /// One look serves everything that has signalled before it.
    func forgetSignals() { while signal.wait(timeout: .now()) == .success {} }

    /// Refuses everything from now on, with the reason.
    func refuse(_ reason: String) -> [Submission] {
        inbox.withLock { inbox in
            inbox.closed = inbox.closed ?? reason
            defer { inbox.submissions = [] }
            return inbox.submissions
        }
    }

    private func finish() {
        let waiting = inbox.withLock { inbox in
            inbox.isFinished = true
            inbox.closed = inbox.closed ?? "it has ended"
            defer { inbox.finished = [] }
            return inbox.finished
        }
        for resume in waiting { resume() }
    }
}
