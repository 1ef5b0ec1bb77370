/// What a client of SQS may set of a queue, and reads of it.
public struct QueueAttributes: Hashable, Sendable, Codable {
    /// DelaySeconds: how long a new message stays delayed.
    public var delay: Duration = .zero
    /// MaximumMessageSize: bytes of a body and its attributes.
    public var maximumMessageSize = Limits.messageSize.now.upperBound.bytes
    /// MessageRetentionPeriod.
    public var retention: Duration = .days(4)
    /// ReceiveMessageWaitTimeSeconds: how long a receive waits that does not say so itself.
    public var receiveWait: Duration = .zero
    public var visibilityTimeout: Duration = .seconds(30)
    /// RedrivePolicy: where a message goes that was received too often; `nil` = nowhere.
    public var redrive: Redrive?
    /// RedriveAllowPolicy: whose dead letters the queue takes; `nil` = those of any.
    public var redriveAllow: RedriveAllow?
    /// Policy: who may do what, as the client wrote it (JSON).
    public var policy: String?
    public var encryption: Encryption = .managed
    /// What only a FIFO queue has; `nil` = a standard queue.
    public var fifo: FIFO?
    public var tags: [String: String] = [:]
    public var created: Timestamp
    /// When an attribute was last set.
    public var modified: Timestamp

    public init(created: Timestamp, fifo: FIFO? = nil) {
        self.created = created
        self.modified = created
        self.fifo = fifo
    }

    public struct Redrive: Hashable, Sendable, Codable {
        /// The dead-letter queue, by full name.
        public var target: String
        /// 1 to 1,000.
        public var maxReceiveCount: Int
        /// As the client wrote it (JSON); `nil` = a definition says it.
        public var text: String?

        public init(target: String, maxReceiveCount: Int, text: String?) {
            self.target = target
            self.maxReceiveCount = maxReceiveCount
            self.text = text
        }
    }

    public struct RedriveAllow: Hashable, Sendable, Codable {
        public enum Permission: String, Sendable, Codable, CaseIterable { case allowAll, denyAll, byQueue }

        public var permission: Permission
        /// The queues that may, by full name, with `byQueue`.
        public var sources: [String]
        /// As the client wrote it (JSON).
        public var text: String

        public init(permission: Permission, sources: [String], text: String) {
            self.permission = permission
            self.sources = sources
            self.text = text
        }

        public func allows(_ source: String) -> Bool {
            switch permission {
            case .allowAll: true
            case .denyAll: false
            case .byQueue: sources.contains(source)
            }
        }
    }

    /// How AWS would encrypt it. Noted and answered; the embedded engine encrypts nothing by itself.
    public enum Encryption: Hashable, Sendable, Codable {
        case none
        /// SqsManagedSseEnabled.
        case managed
        /// KmsMasterKeyId, and KmsDataKeyReusePeriodSeconds.
        case kms(key: String, reuse: Duration)
    }

    public struct FIFO: Hashable, Sendable, Codable {
        public enum Scope: String, Sendable, Codable, CaseIterable { case queue, messageGroup }
        public enum ThroughputLimit: String, Sendable, Codable, CaseIterable { case perQueue, perMessageGroupId }

        /// A message without a deduplication id has the SHA-256 of its body as one.
        public var contentBasedDeduplication = false
        /// Within what a deduplication id is the same.
        public var deduplicationScope = Scope.queue
        /// Noted and answered: the embedded engine has no quota.
        public var throughputLimit = ThroughputLimit.perQueue

        public init() {}
    }
}

/// Making, changing and taking away queues, for an endpoint that clients talk to. Names are full names: a FIFO queue's
/// ends in `.fifo`, and one of another region or account has these before it (`QueueNames.qualified`).
public protocol QueueDirectory: Sendable {
    /// The queue of exactly this name, and what is known of it at this moment; `nil` = there is none. Costs nothing: no
    /// hop, no I/O.
    func find(_ name: String) -> ListedQueue?

    /// All queues whose names begin so, in order of name.
    func list(prefix: String) -> [String]

    /// Makes a queue, or answers the one that is there, unchanged.
    /// - Parameter attributes: its `created` and `modified` become now.
    /// - Returns: the attributes it has, and whether it is new.
    /// - Throws: `QueueError.deletedRecently`.
    func create(_ name: String, _ attributes: QueueAttributes) async throws -> (
        attributes: QueueAttributes, isNew: Bool
    )

    /// Changes attributes and tags, of all of which `change` sees the present ones, in one go.
    /// - Throws: what `change` throws, and then nothing is changed; `QueueError.unknown`.
    func change(
        _ name: String, _ change: @escaping @Sendable (inout QueueAttributes) throws -> Void
    ) async throws

    /// How many messages are where just now.
    func depth(of name: String) async throws -> QueueDepth

    /// Takes out all messages, those in flight included.
    /// - Parameter who: for the audit of a pipeline's queue.
    /// - Throws: `QueueError.purgedRecently`.
    func purge(_ name: String, who: String) async throws

    /// Takes away the queue with all that is in it; nobody can make one of its name for a minute.
    /// - Throws: `QueueError.usedByPipeline`.
    func delete(_ name: String) async throws
}

/// A queue as a directory knows it.
public struct ListedQueue: Sendable {
    public let queue: any BoundedQueue
    public let type: QueueType
    public let attributes: QueueAttributes
    /// The pipeline whose queue it is; `nil` = it is the clients' own.
    public let owner: Owner?

    public struct Owner: Sendable, Hashable {
        public var pipeline: String
        /// Producers send to it; into the others only steps put messages.
        public var isIntake: Bool
        /// Its definition reads the group of a record from it: the sender need not name one.
        public var readsGroup: Bool

        public init(pipeline: String, isIntake: Bool, readsGroup: Bool) {
            self.pipeline = pipeline
            self.isIntake = isIntake
            self.readsGroup = readsGroup
        }
    }

    public init(queue: any BoundedQueue, type: QueueType, attributes: QueueAttributes, owner: Owner?) {
        self.queue = queue
        self.type = type
        self.attributes = attributes
        self.owner = owner
    }
}
