import Logging
import NIOCore
import Sluice
import Synchronization

/// One process of a function and its Runtime API, as Lambda has it: started once, then given one invocation after the
/// other, until something goes wrong with it.
final class ExecutionEnvironment: Sendable {
    /// How its start ended.
    enum Start: Sendable {
        case ready(ExecutionEnvironment)
        /// The function is at fault, or what it needs is not there.
        case failed(Problem)
        case cancelled
    }

    private let endpoint: RuntimeEndpoint
    private let server: RuntimeAPIServer
    private let process: FunctionProcess
    private let log: FunctionLog

    /// Lambda's limit for the time until the first `next`.
    static let longestStart: Duration = .seconds(10)

    private init(
        _ endpoint: RuntimeEndpoint, _ server: RuntimeAPIServer, _ process: FunctionProcess, _ log: FunctionLog
    ) {
        self.endpoint = endpoint
        self.server = server
        self.process = process
        self.log = log
    }

    deinit { end() }

    /// Starts a process, and waits until it asks for its first invocation.
    static func start(
        _ runtime: FunctionRuntime, in sandboxes: Sandboxes, logger: Logger, log stepLog: StepLog
    ) async -> Start {
        let endpoint = RuntimeEndpoint()
        let log = FunctionLog(logger, stepLog, version: runtime.identity.version, memory: runtime.memory.bytes)
        let begin = ContinuousClock.now
        let server: RuntimeAPIServer
        do {
            server = try await RuntimeAPIServer.start(endpoint, runtime.identity)
        } catch {
            return .failed(Problem(reason: "the Runtime API cannot listen: \(error)", type: "start", remedy: .retry))
        }
        let process: FunctionProcess
        do {
            let sandbox = try sandboxes.make(memory: runtime.memory)
            process = try await FunctionProcess.start(
                runtime.plan(api: server.address, in: sandbox, logStream: log.stream), in: sandbox,
                lines: { log.write($0) },
                ended: { endpoint.processEnded($0) })
        } catch {
            server.close()
            return .failed(Problem(reason: "\(error)", type: "start", remedy: .retry))
        }
        let start = await endpoint.waitUntilStarted(atMost: longestStart)
        if case .ready = start {
            log.started(after: begin.duration(to: .now))
            return .ready(ExecutionEnvironment(endpoint, server, process, log))
        }
        process.end()
        server.close()
        return failure(start, log)
    }

    private static func failure(_ start: RuntimeEndpoint.Start, _ log: FunctionLog) -> Start {
        switch start {
        case .ready, .cancelled: .cancelled
        case .failed(let error):
            .failed(Problem(reason: error.reason, type: error.type ?? "Runtime.InitError", remedy: .retry))
        case .exited(let end):
            .failed(
                Problem(
                    reason: log.explain(end).reason(before: "it asked for its first invocation")
                        + log.lastErrorLine.map { " (it wrote: \($0))" }.orEmpty,
                    type: log.explain(end).errorType, remedy: .retry))
        case .tooLong(let limit):
            .failed(
                Problem(
                    reason: "it did not ask for its first invocation within \(limit.formattedSeconds) s",
                    type: "Sandbox.Timedout", remedy: .retry))
        }
    }

    /// Whether it may be given another invocation.
    var isAlive: Bool { endpoint.isAlive }

    /// One invocation. After anything but an answer or a reported error the environment has ended.
    func invoke(
        _ id: String, _ event: ByteBuffer, records: RecordMarks, timeout: Duration
    ) async -> RuntimeEndpoint.Answer {
        log.begin(id, records)
        let invocation = RuntimeEndpoint.Invocation(
            id: id, event: event, deadline: Timestamp.wall + timeout)
        let answer = log.explain(await endpoint.invoke(invocation, limit: timeout))
        log.end(answer, timeout: timeout) { process.peakMemory }
        switch answer {
        case .response, .error: break
        case .exited, .untouched, .timeUp, .cancelled, .tooLarge: end()
        }
        return answer
    }

    /// The last line the process wrote to its standard error: why it died, most likely.
    var lastErrorLine: String? { log.lastErrorLine }

    /// Kills the process and all it has started.
    func end() {
        // At once, not when the process is seen to be gone: nobody may give it another invocation.
        endpoint.processEnded(ProcessEnd(description: "ended by its host"))
        process.end()
        server.close()
    }

    /// Returns when all that it has ended is gone.
    func waitUntilGone() async { await process.waitUntilGone() }
}

extension Optional where Wrapped == String {
    fileprivate var orEmpty: String { self ?? "" }
}
