import Sluice
import Synchronization

/// A function, and why it did not start.
final class WatchedInvoker: FunctionInvoker {
    private let function: any FunctionInvoker
    private let problem = Mutex<Problem?>(nil)

    init(_ function: any FunctionInvoker) { self.function = function }

    var name: String { function.name }
    var takesBatches: Bool { function.takesBatches }
    var executor: (any TaskExecutor)? { function.executor }

    /// Of the last start that failed.
    var startProblem: Problem? { problem.withLock { $0 } }

    func invoke(_ records: [RawRecord], _ context: InvocationContext) async -> InvocationResult {
        let result = await function.invoke(records, context)
        if case .notStarted(let reason) = result { problem.withLock { $0 = reason } }
        return result
    }

    func close() async { await function.close() }
}
