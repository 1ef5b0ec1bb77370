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

    private let engine: EmbeddedEngine
    private let logger: Logger
    private let reports: AsyncStream<(StepName, Report)>
    private let queue: AsyncStream<(StepName, Report)>.Continuation

    init(engine: EmbeddedEngine, logger: Logger) {
        self.engine = engine
        self.logger = logger
        (reports, queue) = AsyncStream.makeStream()
    }

    func note(_ report: Report, of step: StepName) { queue.yield((step, report)) }

    func run() async throws {
        await withGracefulShutdownHandler {
            for await (step, report) in reports {
                do {
                    try await keep(report, of: step)
                } catch {
                    // The step itself has the pause or the breaker; what is lost is that it would survive a restart.
                    logger.error(
                        "what a step reported could not be kept", metadata: ["step": "\(step)", "error": "\(error)"])
                }
            }
        } onGracefulShutdown: {
            self.queue.finish()
        }
    }

    private func keep(_ report: Report, of step: StepName) async throws {
        switch report {
        case .pause(let pause): try await engine.keep(pause, of: step)
        case .breaker(let isOpen): try await engine.setBreaker(of: step, isOpen: isOpen)
        }
    }
}
