import Synchronization

/// Where the one who waits for an invocation meets the function that ends, the time that runs out and our shutdown.
final class InvocationWatch: Sendable {
    enum Event: Sendable {
        /// The function returned (`nil`) or threw.
        case ended((any Error)?)
        case timeUp
        /// The task that waits was cancelled: we are shutting down.
        case cancelled
    }

    private struct State {
        var ended: Event?
        var waiter: CheckedContinuation<Event, Never>?
        /// Tells the timer of this wait from one that fires too late.
        var wait = 0
        var whenEndsLate: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    func functionEnded(_ error: (any Error)?) {
        let (waiter, late) = state.withLock { state in
            state.ended = .ended(error)
            defer {
                state.waiter = nil
                state.whenEndsLate = nil
            }
            return (state.waiter, state.whenEndsLate)
        }
        waiter?.resume(returning: .ended(error))
        late?()
    }

    /// Calls `action` when the function ends.
    /// - Returns: false when it has ended already; `action` is not called then.
    func abandon(_ action: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if state.ended != nil { return false }
            state.whenEndsLate = action
            return true
        }
    }

    /// Waits for the end of the function until `deadline`.
    /// - Parameter cancellable: false while the grace period runs: that our task is cancelled is known then, and
    ///   must not end the wait at once.
    func next(until deadline: ContinuousClock.Instant, cancellable: Bool) async -> Event {
        let wait = state.withLock { state in
            state.wait += 1
            return state.wait
        }
        // Unstructured, because a child of a cancelled task could not sleep. It lives no longer than this call,
        // which cancels it: all it can do afterwards is to find that its wait is over.
        let timer = Task {
            do {
                try await Task.sleep(until: deadline, clock: .continuous)
            } catch {
                return  // The wait is over.
            }
            self.resume(wait, .timeUp)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known: Event? = state.withLock { state in
                    if let ended = state.ended { return ended }
                    if cancellable, Task.isCancelled { return .cancelled }
                    if ContinuousClock.now >= deadline { return .timeUp }
                    state.waiter = continuation
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            if cancellable { resume(wait, .cancelled) }
        }
    }

    private func resume(_ wait: Int, _ event: Event) {
        let waiter = state.withLock { state -> CheckedContinuation<Event, Never>? in
            guard state.wait == wait else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: event)
    }
}
