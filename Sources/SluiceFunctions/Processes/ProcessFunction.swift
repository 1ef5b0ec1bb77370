package import Logging
import NIOCore
package import Sluice

/// A function that runs in processes of its own, called by the contract that its definition names.
package struct ProcessFunction: FunctionInvoker {
    package let name: String
    /// One answer is for all records: when there is none, nobody can tell which of them is to blame.
    package let takesBatches = true
    private let contract: FunctionContract
    private let pool: FunctionPool
    private let logger: Logger
    private let log: StepLog

    /// - Parameter log: where the function's lines are kept, beside what `logger` says on stderr.
    /// - Throws: `ControlError` when what watches over the processes cannot be started.
    package init(
        name: String, runtime: FunctionRuntime, contract: FunctionContract, sandboxes: Sandboxes, logger: Logger,
        log: StepLog
    ) throws {
        self.name = name
        self.contract = contract
        self.logger = logger
        self.log = log
        pool = try FunctionPool(runtime, in: sandboxes, logger: logger, log: log)
    }

    package var executor: (any TaskExecutor)? { FunctionLoop.executor }

    package func invoke(_ records: [RawRecord], _ context: InvocationContext) async -> InvocationResult {
        let request = context.requestID
        switch contract.event(for: records, invocation: request) {
        case .nothing(let answers): return .answered(answers)
        case .tooLarge(let problem): return .failed(problem, answered: [])
        case .send(let event, let reader):
            let call = await pool.invoke(
                request, ByteBuffer(bytes: event), records: RecordMarks(records), timeout: context.timeout)
            return result(of: call, reader, context)
        }
    }

    package func close() async {
        pool.close()
        await pool.waitUntilGone()
    }

    private func result(
        of call: FunctionPool.Invocation, _ reader: any AnswerReading, _ context: InvocationContext
    ) -> InvocationResult {
        switch call {
        case .notStarted(let problem): .notStarted(problem)
        case .answer(.response(let body), _):
            switch reader.answers(in: body[...]) {
            case .success(let answers): .answered(answers)
            case .failure(let problem): notUnderstood(problem, context)
            }
        case .answer(.error(let error), _): reported(error)
        case .answer(.exited(let end), let line), .answer(.untouched(let end), let line):
            failed(
                end.reason(before: "it answered") + (line.map { "; the last it wrote to stderr: \($0)" } ?? ""),
                end.errorType)
        case .answer(.timeUp, _): failed("timeout after \(context.timeout.formattedSeconds) s", "timeout")
        case .answer(.cancelled, _): .cutShort(answered: [])
        case .answer(.tooLarge(let bytes), _): notUnderstood(Self.tooLarge(bytes), context)
        }
    }

    private static func tooLarge(_ bytes: Int) -> Problem {
        Problem(
            reason: "the function's answer has \(bytes) bytes, and at most \(RuntimeAPIHandler.longestBody) are "
                + "allowed: write a smaller `batch`", type: "Function.ResponseSizeTooLarge", remedy: .retry)
    }

    /// The function has answered; that it cannot be used is said behind its REPORT.
    private func notUnderstood(_ problem: Problem, _ context: InvocationContext) -> InvocationResult {
        log.failed(problem, requestID: context.requestID)
        return .failed(problem, answered: [])
    }

    private func reported(_ error: ReportedError) -> InvocationResult {
        if !error.stackTrace.isEmpty {
            logger.info(
                "An invocation has failed: \(error.reason)",
                metadata: ["trace": "\(error.stackTrace.joined(separator: "\n"))"])
        }
        return failed(error.reason, error.type ?? "Unhandled")
    }

    private func failed(_ reason: String, _ type: String) -> InvocationResult {
        .failed(Problem(reason: reason, type: type, remedy: .retry), answered: [])
    }
}
