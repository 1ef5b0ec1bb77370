import Sluice

/// What was logged when a record failed for the last time.
struct FailureLog {
    let logs: any LogStore

    /// The invocation that failed began at most so long before: the longest timeout there is, and its settlement.
    private static let longestInvocation: Duration = .minutes(16)
    /// What the step says comes after the settlement.
    private static let settling: Duration = .seconds(5)
    /// The last so many lines are enough to see what went wrong; `logs --record` has all of them.
    static let mostLines = 50

    /// - Returns: nothing, where the lines are gone or the log's level left them out.
    func entries(of letter: DeadLetter) async throws -> [LogEntry] {
        guard let failure = letter.history.latest else { return [] }
        let query = LogQuery(
            pipeline: letter.pipeline, step: failure.step, since: failure.time - Self.longestInvocation,
            until: failure.time + Self.settling, record: letter.identity)
        var kept: [LogEntry] = []
        _ = try await logs.read(query, follow: false) { entries in
            for entry in entries {
                // A later invocation with this record: the one before was not the last.
                if entry.kind == .start { kept = [] }
                kept.append(entry)
            }
            kept.removeFirst(max(0, kept.count - Self.mostLines))
        }
        return kept
    }
}
