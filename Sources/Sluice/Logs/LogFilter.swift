import DequeModule

/// Decides entry by entry what a query wants. It remembers the invocations that had the wanted record, and which records
/// have the wanted name, so it has to see entries in the order in which they were written.
package struct LogFilter: Sendable {
    private let query: LogQuery
    private let record: Wanted?
    private var invocations = Remembered<String>()
    /// Marks of the records that have the wanted name.
    private var named = Remembered<UInt64>()

    private struct Wanted: Sendable {
        let text: String
        let mark: UInt64
        /// Of the same text as the name that a record was given (`id:`).
        let name: UInt64

        init(_ identity: RecordIdentity) {
            text = identity.text
            mark = RecordMarks.mark(of: identity)
            name = RecordMarks.mark(ofName: text)
        }

        /// Whether a line about `other` is about it: the record itself, one it was made of, or one made of it.
        func concerns(_ other: String) -> Bool {
            text == other || other.hasPrefix(text + "/") || text.hasPrefix(other + "/")
        }
    }

    /// The latest of what was seen, and not more: a log is as long as it likes.
    private struct Remembered<Element: Hashable & Sendable>: Sendable {
        private var all: Set<Element> = []
        private var order: Deque<Element> = []

        private static var most: Int { 10_000 }

        func contains(_ element: Element) -> Bool { all.contains(element) }

        mutating func insert(_ element: Element) {
            guard all.insert(element).inserted else { return }
            order.append(element)
            if order.count > Self.most, let oldest = order.popFirst() { all.remove(oldest) }
        }
    }

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
        let called = entry.records.marks(ofName: record.name)
        for mark in called { named.insert(mark) }
        if case .text(let own)? = entry.fields[LogEntry.recordField] {
            return record.concerns(own) || named.contains(RecordMarks.mark(of: RecordIdentity(own)))
        }
        // What an invocation writes after its REPORT is found, too.
        guard let request = entry.requestID else { return false }
        if !called.isEmpty || entry.records.contains(record.mark) { invocations.insert(request) }
        return invocations.contains(request)
    }
}
