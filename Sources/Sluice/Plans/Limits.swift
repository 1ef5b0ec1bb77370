/// A service's limit, as dated data: ranges, error texts and documentation are built from it.
public struct Limit<Value: Comparable & Hashable & Sendable>: Hashable, Sendable {
    /// `SQS`, `Lambda`.
    public let service: String
    /// What is allowed now.
    public let now: ClosedRange<Value>
    /// What was allowed at the beginning of 2020; `nil` = there was no such setting.
    public let in2020: ClosedRange<Value>?
    /// Where `now` was read, and when.
    public let source: String
}

/// The limits of AWS that keys of a definition keep to, so that it runs there unchanged.
public enum Limits {
    private static let model = "SQS service model of botocore 1.43.11 (2026)"
    private static let guide = "Lambda Developer Guide (2026)"

    /// Body and attributes of one message.
    public static let messageSize = Limit<ByteCount>(
        service: "SQS", now: .kilobytes(1)...(.megabytes(1)), in2020: .kilobytes(1)...(.kilobytes(256)),
        source: "\(model), MaximumMessageSize; 256 KB until August 2025")

    public static let visibilityTimeout = Limit<Duration>(
        service: "SQS", now: .zero...(.hours(12)), in2020: .zero...(.hours(12)), source: "\(model), VisibilityTimeout")

    /// How long a message stays invisible at first.
    public static let delay = Limit<Duration>(
        service: "SQS", now: .zero...(.minutes(15)), in2020: .zero...(.minutes(15)), source: "\(model), DelaySeconds")

    public static let retention = Limit<Duration>(
        service: "SQS", now: .minutes(1)...(.days(14)), in2020: .minutes(1)...(.days(14)),
        source: "\(model), MessageRetentionPeriod")

    public static let maxReceiveCount = Limit<Int>(
        service: "SQS", now: 1...1_000, in2020: 1...1_000, source: "SQS Developer Guide, RedrivePolicy")

    /// Messages in flight to clients, of one queue.
    public static let inFlight = Limit<Int>(
        service: "SQS", now: 0...120_000, in2020: 0...120_000,
        source: "\(model), ReceiveMessage; of a FIFO queue 20,000 until 2024")

    /// Messages of one receive, entries of one batch.
    public static let batchEntries = Limit<Int>(
        service: "SQS", now: 1...10, in2020: 1...10, source: "\(model), SendMessageBatch, ReceiveMessage")

    /// How long a receive may wait.
    public static let receiveWait = Limit<Duration>(
        service: "SQS", now: .zero...(.seconds(20)), in2020: .zero...(.seconds(20)),
        source: "\(model), ReceiveMessageWaitTimeSeconds")

    /// Message attributes of one message.
    public static let messageAttributes = Limit<Int>(
        service: "SQS", now: 0...10, in2020: 0...10, source: "SQS Developer Guide, message quotas")

    /// Characters of a message group id, of a deduplication id and of a receive request attempt id.
    public static let fifoID = Limit<Int>(
        service: "SQS", now: 1...128, in2020: 1...128, source: "\(model), SendMessage")

    /// Messages a second of a move task.
    public static let moveRate = Limit<Int>(
        service: "SQS", now: 1...500, in2020: nil, source: "\(model), StartMessageMoveTask")

    /// How long a data key is used again.
    public static let dataKeyReuse = Limit<Duration>(
        service: "SQS", now: .minutes(1)...(.days(1)), in2020: .minutes(1)...(.days(1)),
        source: "\(model), KmsDataKeyReusePeriodSeconds")

    /// Tags of one queue.
    public static let tags = Limit<Int>(service: "SQS", now: 0...50, in2020: 0...50, source: "\(model), TagQueue")

    /// Characters of a queue's name, `.fifo` included.
    public static let queueName = Limit<Int>(
        service: "SQS", now: 1...80, in2020: 1...80, source: "\(model), CreateQueue")

    /// Characters of a bucket's name.
    public static let bucketName = Limit<Int>(
        service: "S3", now: 3...63, in2020: 3...63, source: "Amazon S3 User Guide, bucket naming rules")

    /// Bytes of an object's key.
    public static let objectKey = Limit<Int>(
        service: "S3", now: 1...1_024, in2020: 1...1_024, source: "Amazon S3 User Guide, object keys")

    public static let functionTimeout = Limit<Duration>(
        service: "Lambda", now: .seconds(1)...(.minutes(15)), in2020: .seconds(1)...(.minutes(15)),
        source: "\(guide), quotas")

    public static let functionMemory = Limit<ByteCount>(
        service: "Lambda", now: .megabytes(128)...(.megabytes(10_240)),
        in2020: .megabytes(128)...(.megabytes(3_008)), source: "\(guide), quotas; 3,008 MB until December 2020")

    /// All variables of a function together: the bytes of their names and values.
    public static let environment = Limit<ByteCount>(
        service: "Lambda", now: ByteCount(0)...(.kilobytes(4)), in2020: ByteCount(0)...(.kilobytes(4)),
        source: "\(guide), quotas")

    /// Characters of a handler's name.
    public static let handler = Limit<Int>(
        service: "Lambda", now: 1...128, in2020: 1...128,
        source: "Lambda service model of botocore 1.43.11 (2026), Handler")

    /// An invocation's event, and its answer.
    public static let invocationPayload = Limit<ByteCount>(
        service: "Lambda", now: ByteCount(0)...(.megabytes(6)), in2020: ByteCount(0)...(.megabytes(6)),
        source: "Lambda service model of botocore 1.43.11 (2026), Invoke")

    /// Variables that Lambda sets itself and lets nobody set.
    public static let reservedEnvironment: Set<String> = [
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
    ]

    /// Invocations at once in one account and region.
    public static let concurrency = Limit<Int>(
        service: "Lambda", now: 1...1_000, in2020: 1...1_000, source: "\(guide), quotas")

    /// Records of one invocation, from a standard queue; a FIFO queue gives at most 10.
    public static let batch = Limit<Int>(
        service: "Lambda", now: 1...10_000, in2020: 1...10, source: "\(guide), SQS event source mapping, BatchSize")

    public static let batchWindow = Limit<Duration>(
        service: "Lambda", now: .zero...(.minutes(5)), in2020: nil,
        source: "\(guide), SQS event source mapping, MaximumBatchingWindowInSeconds")
}
