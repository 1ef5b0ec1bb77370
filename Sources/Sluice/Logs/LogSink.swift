/// Where the lines of pipelines go.
package protocol LogSink: Sendable {
    /// Takes one entry. Called on the way of records, from any thread: it takes a microsecond or so, never waits and
    /// never fails. What it cannot keep it counts, and says later in the log how much that was, and why.
    ///
    /// Entries of one caller keep their order. Nothing is promised to be on the disk.
    func write(_ entry: LogEntry)
}

/// Keeps nothing: for what runs without a data folder.
package struct NoLog: LogSink {
    package init() {}
    package func write(_ entry: LogEntry) {}
}
