package import Logging

/// Runs Swift functions, each invocation on a thread of its own and against its timeout.
package final class FunctionHost: Sendable {
    private let threads: FunctionThreads
    private let grace: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - name: what the threads are called: the pipeline.
    ///   - grace: how long a cancelled function may take to return. 1 s.
    ///   - mostAbandoned: how many invocations that ignored their timeout may still be running before no more is
    ///     started. 8: each holds a thread, and what it does is out of control.
    package init(name: String, grace: Duration = .seconds(1), mostAbandoned: Int = 8, logger: Logger) {
        threads = FunctionThreads(name: name, mostAbandoned: mostAbandoned)
        self.grace = grace
        self.logger = logger
    }

    /// Calls `function` with `records`. Returns at the deadline of `context` and the grace period at the latest,
    /// whatever the function does. Cancelling the task that waits cancels the function.
    package func invoke(
        _ function: Function, _ records: [RawRecord], _ context: InvocationContext
    ) async -> InvocationResult {
        guard let thread = threads.take() else {
            return .refused(
                "\(threads.mostAbandoned) invocations of \(function.name) ignore their timeout and are still running; "
                    + "restart the process with a function that ends, or call `context.checkDeadline()` in its loops")
        }
        let start = ContinuousClock.now
        let invocation = FunctionInvocation(records: records, context: context)
        let watch = InvocationWatch()
        // Unstructured, because nothing but returning ends a function that ignores its cancellation, and a
        // structured child would have to be waited for. It is waited for below until the grace period is over;
        // afterwards `watch` owns what is left: it counts the thread as lost until the function returns, and
        // nobody reads its answers. It captures values only; no record can be settled from it.
        let task = Task(executorPreference: thread) {
            do {
                try await function.run(invocation)
                watch.functionEnded(nil)
            } catch {
                watch.functionEnded(error)
            }
        }
        let first = await watch.next(until: context.deadline, cancellable: true)
        if case .ended(let error) = first {
            threads.giveBack(thread)
            return result(invocation, error)
        }
        task.cancel()
        let second = await watch.next(until: .now + grace, cancellable: false)
        if case .ended(let error) = second {
            threads.giveBack(thread)
            if error == nil { return result(invocation, nil) }
        } else {
            abandon(invocation, on: thread, watch, start)
        }
        let answers = invocation.answers
        if case .cancelled = first { return .cutShort(answered: answers) }
        return .failed(timeout(context), answered: answers)
    }

    /// Ends the host's idle threads.
    package func close() { threads.close() }

    private func result(_ invocation: FunctionInvocation, _ error: (any Error)?) -> InvocationResult {
        let answers = invocation.answers
        if error is DeadlineExceeded { return .failed(timeout(invocation.context), answered: answers) }
        if let error { return .failed(Problem(error), answered: answers) }
        return .answered(answers)
    }

    private func timeout(_ context: InvocationContext) -> Problem {
        Problem(reason: "timeout after \(context.timeout.formattedSeconds) s", type: "timeout", remedy: .retry)
    }

    private func abandon(
        _ invocation: FunctionInvocation, on thread: FunctionThread, _ watch: InvocationWatch,
        _ start: ContinuousClock.Instant
    ) {
        threads.abandon()
        let threads = threads
        let logger = logger
        let function = invocation.context.function
        let waits = watch.abandon {
            threads.recover(thread)
            logger.warning(
                "A function that ignored its cancellation has returned; what it answered is thrown away",
                metadata: [
                    "function": "\(function)", "seconds": "\(start.duration(to: .now).formattedSeconds)",
                ])
        }
        if !waits { return threads.recover(thread) }
        let pending = invocation.records.dropFirst(invocation.answers.count)
        logger.error(
            """
            A function ignores its cancellation and is left behind on its thread: its records are tried again. \
            Call `context.checkDeadline()` in its loops, and use timeouts where it waits
            """,
            metadata: [
                "pipeline": "\(invocation.context.pipeline)", "function": "\(function)",
                "seconds": "\(start.duration(to: .now).formattedSeconds)",
                "records": .array(pending.prefix(10).map { "\($0.identity)" }),
                "more": "\(max(0, pending.count - 10))",
            ])
    }
}

/// A Swift function and the host that runs it.
package struct HostedFunction: FunctionInvoker {
    private let function: Function
    private let host: FunctionHost
    private let log: StepLog

    package init(_ function: Function, host: FunctionHost, log: StepLog = .none) {
        self.function = function
        self.host = host
        self.log = log
    }

    package var name: String { function.name }
    package var takesBatches: Bool { function.takesBatches }

    package func invoke(_ records: [RawRecord], _ context: InvocationContext) async -> InvocationResult {
        let invocation = InvocationLog(
            context.requestID, in: log, stream: log.stream, version: context.version ?? function.name,
            records: RecordMarks(records))
        invocation.start()
        let begin = ContinuousClock.now
        let result = await host.invoke(function, records, context)
        switch result {
        case .failed(let problem, _), .notStarted(let problem):
            invocation.failed("[ERROR] \(problem.reason)", problem)
        case .refused(let reason):
            invocation.failed("[ERROR] \(reason)", Problem(reason: reason, type: nil, remedy: .retry))
        case .answered, .cutShort: break
        }
        invocation.end(InvocationLog.Report(duration: begin.duration(to: .now)))
        return result
    }

    package func close() async { host.close() }
}

extension Duration {
    /// Seconds with at most three decimals: `30`, `0.05`.
    package var formattedSeconds: String {
        let milliseconds = milliseconds
        if milliseconds % 1_000 == 0 { return "\(milliseconds / 1_000)" }
        return "\(Double(milliseconds) / 1_000)"
    }
}
