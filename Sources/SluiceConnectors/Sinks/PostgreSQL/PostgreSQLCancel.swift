import CPQ
import Dispatch
import Synchronization

/// Ends the statement that a connection runs, from another thread.
final class PostgreSQLCancel: Sendable {
    private struct State {
        // Only used under the lock.
        nonisolated(unsafe) let handle: OpaquePointer?
        /// The statement that runs now; `nil` = none.
        var running: Int?
        var count = 0
    }

    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "sluice.postgresql.cancel")

    init(_ connection: OpaquePointer) { state = Mutex(State(handle: cpq_new_cancel(connection))) }

    deinit { state.withLock { if let handle = $0.handle { cpq_free_cancel(handle) } } }

    func begin() {
        state.withLock {
            $0.count += 1
            $0.running = $0.count
        }
    }

    /// Waits for a request that is under way: it must not reach the next statement.
    func end() { state.withLock { $0.running = nil } }

    /// Returns at once; the request is a connection of its own, which may take a while.
    func cancel() {
        queue.async {
            self.state.withLock {
                guard $0.running != nil, let handle = $0.handle else { return }
                _ = cpq_send_cancel(handle)
            }
        }
    }
}
