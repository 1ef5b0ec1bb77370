import Synchronization

/// Wakes whoever waits for something to change: a condition variable for tasks.
///
/// Read `version`, look at the condition, then `wait(after:)` that version: a change between the look and the wait
/// is not missed, because it moved the version on.
package final class Signal: Sendable {
    private struct State {
        var version: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    package var version: UInt64 { state.withLock { $0.version } }

    package func notify() {
        let waiters = state.withLock { state in
            state.version += 1
            defer { state.waiters.removeAll() }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Returns once `notify()` was called after `version` was read.
    package func wait(after version: UInt64) async throws(CancellationError) {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Cancelled is looked at under the lock: the handler below takes the same lock afterwards, so
                // either it finds the waiter or the waiter finds the cancellation.
                let comesTooLate = state.withLock { state in
                    if Task.isCancelled || state.version != version { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if comesTooLate { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
        if Task.isCancelled { throw CancellationError() }
    }

    /// Returns at `deadline` at the latest; `nil` = only a notification ends it.
    package func wait(
        after version: UInt64, until deadline: Timestamp?, clock: any EngineClock
    ) async throws {
        guard let deadline, let delay = clock.realDelay(until: deadline) else {
            return try await wait(after: version)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.wait(after: version) }
            group.addTask { try await Task.sleep(for: delay) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
