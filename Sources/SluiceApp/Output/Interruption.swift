import Sluice
import UnixSignals

/// Runs `work`, and cancels it at SIGINT or SIGTERM, so that it can put away what it has begun.
/// - Throws: `CommandFailure` (130) when it was interrupted, and what `work` throws.
func untilInterrupted<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            for await _ in signals { throw CommandFailure(.interrupted) }
            return nil
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() ?? nil else { throw CommandFailure(.interrupted) }
        return value
    }
}
