import Logging
import ServiceLifecycle
import Sluice
import UnixSignals

/// SIGTERM and SIGINT from the moment this is made: one that comes while the folder is still being opened is not
/// lost, and does not kill the process, but ends the run as soon as it has begun.
struct StopSignals: Service {
    private let signals: UnixSignalsSequence
    private let logger: Logger

    init(logger: Logger) async {
        signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        self.logger = logger
    }

    /// Returns at the first signal; the group is shut down then.
    func run() async throws {
        for await signal in signals.cancelOnGracefulShutdown() {
            logger.info("\(signal): stopping")
            return
        }
    }
}
