import DequeModule

/// Decides entry by entry what a query wants. It remembers the invocations that had the wanted record, so it has to see
/// them in the order in which they were written.
package struct LogFilter: Sendable {
    private let query: LogQuery
    private let record: Wanted?
    private var invocations: Set<String> = []
    private var order: Deque<String> = []

    private struct Wanted: Sendable {
        let text: String
        let mark: UInt64

        init(_ identity: RecordIdentity) {
            text = identity.text
            mark = RecordMarks.mark(of: identity)
        }

        /// Whether a line about `other` is about it: the record itself, one it was made of, or one made of it.
        func concerns(_ other: String) -> Bool {
            text == other || other.hasPrefix(text + "/") || text.hasPrefix(other + "/")
        }
    }

    /// Invocations that are remembered: what one writes after its REPORT is found, too.
    private static let mostInvocations = 10_000

    package init(_ query: LogQuery) {
        self.query = query
        record = query.record.map(Wanted.init)
    }

    package mutating func wants(_ entry: LogEntry) -> Bool {
        if let step = query.step, let own = entry.step, own != step { return false }
        if let record {
            // Also of an invocation that began before the time that is asked for.
            guard concerns(entry, record) else { return false }
        }
        if let since = query.since, entry.time < since { return false }
        if let until = query.until, entry.time > until { return false }
        return true
    }

    private mutating func concerns(_ entry: LogEntry, _ record: Wanted) -> Bool {
        if case .text(let own)? = entry.fields[LogEntry.recordField] { return record.concerns(own) }
        guard let request = entry.requestID else { return false }
        if entry.records.contains(record.mark) { remember(request) }
        return invocations.contains(request)
    }

    private mutating func remember(_ request: String) {
        guard invocations.insert(request).inserted else { return }
        order.append(request)
        if order.count > Self.mostInvocations, let oldest = order.popFirst() { invocations.remove(oldest) }
    }
}
