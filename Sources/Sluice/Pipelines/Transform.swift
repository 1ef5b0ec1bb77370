import Foundation

/// The function that every record goes through.
public struct Transform: Hashable, Sendable {
    /// A Swift function that the app registers under this name.
    public var function: String
    /// How long one invocation may take. 1 s to 15 minutes; 30 s.
    public var timeout: Duration
    /// Invocations at once. 1 to 1,000; the machine's cores.
    public var concurrency: Int
    /// Records of one invocation. 1 to 10,000; 100.
    public var batch: Int
    /// How long to wait for a batch to fill. 0 s to 5 minutes; 0 s.
    public var batchWindow: Duration
    /// What a failure of a certain kind means; the first match wins, and none = retry.
    public var errors: [ErrorRule]
    public var backoff: Backoff

    public init(
        function: String, timeout: Duration = .seconds(30), concurrency: Int = Transform.cores, batch: Int = 100,
        batchWindow: Duration = .zero, errors: [ErrorRule] = [], backoff: Backoff = Backoff()
    ) {
        self.function = function
        self.timeout = timeout
        self.concurrency = concurrency
        self.batch = batch
        self.batchWindow = batchWindow
        self.errors = errors
        self.backoff = backoff
    }
}

extension Transform {
    /// The machine's cores: the default concurrency.
    public static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }
}
