import Logging
import ServiceLifecycle
import Sluice
import SluiceEmbedded

/// Has raw copies moved into compressed files, beside the pipelines, once a minute of the engine's clock.
struct ArchiveKeeper: Service {
    let engine: EmbeddedEngine
    let logger: Logger

    private static let interval: Duration = .seconds(60)
    /// However fast the clock goes.
    private static let shortest: Duration = .milliseconds(200)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    let clock = engine.clock
                    let pause = clock.realDelay(until: clock.now + Self.interval) ?? Self.interval
                    try await Task.sleep(for: max(pause, Self.shortest))
                    _ = try await engine.moveRawCopies(logger: logger)
                } catch is CancellationError {
                    return
                } catch {
                    // They stay where they are, as good as before.
                    logger.warning("Raw copies could not be compressed", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
