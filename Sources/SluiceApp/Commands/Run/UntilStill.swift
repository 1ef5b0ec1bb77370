import ServiceLifecycle
import Sluice
import Synchronization

/// Ends `run --until-idle`: waits until nothing moves any more, and keeps what the status was then, before the steps
/// are stopped.
final class UntilStill: Service {
    private let running: RunningPipelines
    private let limit: Duration?
    private let outcome = Mutex<Result<StatusReport, TimeoutError>?>(nil)

    init(_ running: RunningPipelines, limit: Duration?) {
        self.running = running
        self.limit = limit
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            let running = self.running
            do {
                try await withTimeout(self.limit) { try await running.waitUntilStill() }
                let report = try await running.control.status(pipeline: nil)
                self.outcome.withLock { $0 = .success(report) }
            } catch let error as TimeoutError {
                self.outcome.withLock { $0 = .failure(error) }
            } catch is CancellationError {
                // Our own shutdown came first.
                return
            }
        }
    }

    /// - Returns: `.done` when a signal ended the run before.
    /// - Throws: `TimeoutError`.
    func exitStatus(_ context: CommandContext) throws -> ExitStatus {
        guard var report = try outcome.withLock({ $0 })?.get() else { return .done }
        let names = running.definitions.map(\.pipeline.name)
        report.pipelines.removeAll { !names.contains($0.name) }
        let status = report.exitStatus
        if status == .done {
            context.note("idle: nothing is left to do")
        } else {
            let text = StatusText(report: report, command: context.application.name, time: context.time)
            context.note(text.lines.joined(separator: "\n"))
        }
        return status
    }
}
