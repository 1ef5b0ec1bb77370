import Logging
import ServiceLifecycle
import SluiceEmbedded

/// Has raw copies moved into compressed files, beside the pipelines, once a minute.
struct ArchiveKeeper: Service {
    let engine: EmbeddedEngine
    let logger: Logger

    private static let interval: Duration = .seconds(60)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await Task.sleep(for: Self.interval)
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
