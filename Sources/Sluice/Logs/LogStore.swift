/// What was logged, for reading, whether something runs or not.
package protocol LogStore: Sendable {
    /// The pipelines that have a log, by name, in order.
    func pipelines() throws -> [String]

    /// Hands `take` what matches, piece by piece, in the order in which it was written. With `follow` it goes on with
    /// what comes later, until its task is cancelled; whoever writes may come later, too.
    ///
    /// A pipeline without a log has no entries. What cannot be read (the line at which a process was killed) is left
    /// out and counted.
    /// - Returns: how many lines could not be read.
    func read(_ query: LogQuery, follow: Bool, _ take: ([LogEntry]) throws -> Void) async throws -> Int
}

/// Which entries of one pipeline somebody wants.
package struct LogQuery: Sendable, Hashable {
    package var pipeline: String
    /// Of this step only; what concerns the whole pipeline is of every step.
    package var step: String?
    package var since: Timestamp?
    package var until: Timestamp?
    /// The invocations that had this record, and what was said of it.
    package var record: RecordIdentity?
    /// Only the last so many, before those that are followed.
    package var last: Int?

    package init(
        pipeline: String, step: String? = nil, since: Timestamp? = nil, until: Timestamp? = nil,
        record: RecordIdentity? = nil, last: Int? = nil
    ) {
        self.pipeline = pipeline
        self.step = step
        self.since = since
        self.until = until
        self.record = record
        self.last = last
    }
}
