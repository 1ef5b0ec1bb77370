/// Calls one function, however it runs: in Swift in this process, or as a process of its own.
package protocol FunctionInvoker: Sendable {
    /// As people know it: the registered name, the handler, the command.
    var name: String { get }
    /// Whether an invocation is answered as a whole: when it fails, nobody can tell which record is to blame.
    var takesBatches: Bool { get }
    /// Where a task that calls it one invocation after the other is best run; `nil` = anywhere.
    var executor: (any TaskExecutor)? { get }

    /// Calls the function with `records`. Called concurrently, up to the step's concurrency.
    ///
    /// Returns soon after the deadline of `context` at the latest, whatever the function does. Cancelling the task
    /// that waits (our own shutdown) ends the invocation.
    func invoke(_ records: [RawRecord], _ context: InvocationContext) async -> InvocationResult

    /// Ends what is kept for the next invocation. Called once, when none is under way.
    func close() async
}

extension FunctionInvoker {
    package var executor: (any TaskExecutor)? { nil }
}

/// How one invocation ended. `answered` are the answers for its first records; those behind them have none.
package enum InvocationResult: Sendable, Hashable {
    /// One answer for every record.
    case answered([RecordAnswer])
    /// The invocation failed as a whole: it threw, or its time was up.
    case failed(Problem, answered: [RecordAnswer])
    /// Our own shutdown ended it.
    case cutShort(answered: [RecordAnswer])
    /// The function failed at its start, before it was given anything: no record is to blame, and none pays for it.
    case notStarted(Problem)
    /// It was not started, and why the step must pause.
    case refused(String)

    /// Whether the function was given the records.
    var hasStarted: Bool {
        switch self {
        case .answered, .failed, .cutShort: true
        case .notStarted, .refused: false
        }
    }
}
