import Logging
import ServiceLifecycle
import Sluice
import SluiceEmbedded

/// Keeps in the store what steps report of themselves: pauses, which survive a restart, and open breakers, behind which
/// the retention clock stands still. Steps report from where they must not wait, so the reports queue up here.
final class StandstillKeeper: Service {
    enum Report: Sendable {
        /// `nil` = resumed.
        case pause(StepControl.Pause?)
        case breaker(isOpen: Bool)
    }

    private enum Entry: Sendable {
        case report(Report, of: StepName)
        /// Somebody waits until all before it is kept.
        case mark(Signal)
    }

    private let engine: EmbeddedEngine
    private let logger: Logger
    private let entries: AsyncStream<Entry>
    private let queue: AsyncStream<Entry>.Continuation

    init(engine: EmbeddedEngine, logger: Logger) {
        self.engine = engine
        self.logger = logger
        (entries, queue) = AsyncStream.makeStream()
    }

    func note(_ report: Report, of step: StepName) { queue.yield(.report(report, of: step)) }

    /// Returns when all that was noted before is kept, or at once when we have ended.
    func waitUntilKept() async throws {
        let signal = Signal()
        if case .enqueued = queue.yield(.mark(signal)) { try await signal.wait(after: 0) }
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            for await entry in entries {
                switch entry {
                case .report(let report, let step): await keep(report, of: step)
                case .mark(let signal): signal.notify()
                }
            }
        } onGracefulShutdown: {
            self.queue.finish()
        }
    }

    private func keep(_ report: Report, of step: StepName) async {
        do {
            switch report {
            case .pause(let pause): try await engine.keep(pause, of: step)
            case .breaker(let isOpen): try await engine.setBreaker(of: step, isOpen: isOpen)
            }
        } catch {
            // The step itself has the pause or the breaker; what is lost is that it would survive a restart.
            logger.error(
                "what a step reported could not be kept", metadata: ["step": "\(step)", "error": "\(error)"])
        }
    }
}
