public import Logging

/// What a function knows about the invocation it runs in.
public struct InvocationContext: Sendable {
    /// The invocation's own id, as in the log: its `awsRequestId` on Lambda.
    public let requestID: String
    public let pipeline: String
    /// The function's registered name.
    public let function: String
    /// Which code is running: the executable's build id.
    public let version: String?
    /// When the invocation is cancelled (`timeout:`), and given up a second later.
    public let deadline: ContinuousClock.Instant
    package let timeout: Duration
    private let baseLogger: Logger

    /// Starts the invocation's time.
    package init(
        requestID: String = RequestID.random(), pipeline: String, function: String, version: String?, timeout: Duration,
        logger: Logger
    ) {
        self.requestID = requestID
        self.pipeline = pipeline
        self.function = function
        self.version = version
        self.timeout = timeout
        deadline = .now + timeout
        baseLogger = logger
    }

    /// The time left until the deadline; zero afterwards.
    public var remaining: Duration { max(.zero, ContinuousClock.now.duration(to: deadline)) }

    /// Writes to the function's log, with the invocation, the pipeline and the function as metadata.
    public var logger: Logger {
        var logger = baseLogger
        logger[metadataKey: StepLog.requestKey] = "\(requestID)"
        logger[metadataKey: "pipeline"] = "\(pipeline)"
        logger[metadataKey: "function"] = "\(function)"
        return logger
    }

    /// Ends the invocation when its time is up. A long loop calls this now and then: a function that ignores its
    /// deadline is given up, and its thread is lost until it returns.
    /// - Throws: `DeadlineExceeded`, `CancellationError`. Let them through.
    public func checkDeadline() throws {
        if ContinuousClock.now >= deadline { throw DeadlineExceeded() }
        try Task.checkCancellation()
    }
}

/// The invocation's time was up.
public struct DeadlineExceeded: Error, Sendable, Hashable {
    public init() {}
}

/// What a function knows about the record it was called for.
public struct FunctionContext: Sendable {
    let record: RawRecord
    let invocation: InvocationContext

    package init(record: RawRecord, invocation: InvocationContext) {
        self.record = record
        self.invocation = invocation
    }

    /// What makes it this record and no other: the idempotency key for calls that the function makes.
    public var identity: RecordIdentity { record.identity }
    /// The user's own name for the record (`id:`), or its identity.
    public var name: String { record.name }
    /// How often the record was received, this time included. Starts at 1.
    public var receiveCount: Int { record.receiveCount }
    /// When the raw record arrived.
    public var received: Timestamp { record.received }

    /// The id of the invocation, which may be of many records.
    public var requestID: String { invocation.requestID }
    public var pipeline: String { invocation.pipeline }
    /// Which code is running: the executable's build id.
    public var version: String? { invocation.version }
    /// When the whole invocation, which may be of many records, is cancelled.
    public var deadline: ContinuousClock.Instant { invocation.deadline }
    public var remaining: Duration { invocation.remaining }
    /// See `InvocationContext.checkDeadline()`.
    public func checkDeadline() throws { try invocation.checkDeadline() }

    /// Writes to the function's log, with the record's identity as metadata. Made anew at every use: keep it in a
    /// constant where more than one line is written.
    public var logger: Logger {
        var logger = invocation.logger
        logger[metadataKey: LogEntry.recordField] = "\(record.identity)"
        return logger
    }
}
