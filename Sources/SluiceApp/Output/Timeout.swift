/// The time allowed was over.
struct TimeoutError: Error {}

/// Runs `work`, and cancels it after `limit` of real time; `nil` = no limit.
/// - Throws: `TimeoutError`, and what `work` throws.
func withTimeout<Value: Sendable>(
    _ limit: Duration?, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    guard let limit else { return try await work() }
    return try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await ContinuousClock().sleep(for: limit)
            throw TimeoutError()
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}
