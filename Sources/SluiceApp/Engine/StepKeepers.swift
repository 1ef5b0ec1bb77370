import Logging
import ServiceLifecycle
import Sluice
import SluiceEmbedded

/// Keeps in the folder the pauses that steps make and end by themselves, so that they survive a restart.
final class PauseKeeper: Service {
    private typealias Change = (step: StepName, pause: StepControl.Pause?)

    private let engine: EmbeddedEngine
    private let logger: Logger
    private let changes: AsyncStream<Change>
    private let change: AsyncStream<Change>.Continuation

    init(engine: EmbeddedEngine, logger: Logger) {
        self.engine = engine
        self.logger = logger
        (changes, change) = AsyncStream.makeStream()
    }

    /// Does not block: a step calls it.
    func note(_ pause: StepControl.Pause?, of step: StepName) { change.yield((step, pause)) }

    func run() async throws {
        try await withGracefulShutdownHandler {
            for await (step, pause) in changes { try await engine.keep(pause, of: step) }
        } onGracefulShutdown: {
            // The steps have ended before: what they noted is kept, and then this ends.
            self.change.finish()
        }
    }
}

/// Stops the retention clock of a delivery's queue while its breaker is open.
struct BreakerKeeper: Service {
    let engine: EmbeddedEngine
    let control: StepControl

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                var isOpen = false
                while true {
                    let known = isOpen
                    try await control.wait { $0.reportedState.isBreakerOpen != known }
                    isOpen.toggle()
                    try await engine.setBreaker(of: control.name, isOpen: isOpen)
                }
            }
        } catch is CancellationError {
            // Our own shutdown: the state that is kept is that of the last change.
            return
        }
    }
}

extension StepReport.State {
    fileprivate var isBreakerOpen: Bool { if case .breakerOpen = self { true } else { false } }
}
