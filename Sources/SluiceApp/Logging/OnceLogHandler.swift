import Logging
import Synchronization

/// What was said of failures, so that it is not said again.
final class FailuresSaid: Sendable {
    private let lines = Mutex<Set<String>>([])

    /// - Returns: whether it is new.
    func note(_ line: String) -> Bool { lines.withLock { $0.insert(line).inserted } }
}

/// Says a failure once, however often it comes back: a batch that fails is called again in halves, and fails each time
/// for the same reason. What a function writes (`stream`) is passed on as it comes.
struct OnceLogHandler: LogHandler {
    var wrapped: ConsoleLogHandler
    let seen: FailuresSaid

    var logLevel: Logger.Level {
        get { wrapped.logLevel }
        set { wrapped.logLevel = newValue }
    }
    var metadata: Logger.Metadata {
        get { wrapped.metadata }
        set { wrapped.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { wrapped[metadataKey: key] }
        set { wrapped[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        let isFunctionsOwn = event.metadata?["stream"] != nil || wrapped.metadata["stream"] != nil
        guard isFunctionsOwn || seen.note("\(event.message) \(event.metadata ?? [:])") else { return }
        wrapped.log(event: event)
    }
}
