import Logging
import ServiceLifecycle
import UnixSignals

/// SIGHUP reads the same definitions again. What comes of it is in the log.
struct ReloadSignal: Service {
    /// Trapped before the folder is opened: one that comes meanwhile does not kill the process.
    let signals: UnixSignalsSequence
    let pipelines: RunningPipelines

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            pipelines.logger.notice("SIGHUP: reading the definitions again")
            pipelines.reloadUnasked()
        }
    }
}
