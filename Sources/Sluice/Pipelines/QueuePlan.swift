/// The settings of all queues of a pipeline, from intake on.
public struct QueuePlan: Hashable, Sendable {
    /// FIFO holds from source to sink. standard.
    public var type: QueueType
    /// The message group, read from the raw record and carried along. In a standard queue it makes the queue
    /// fair to each group, and keeps no order.
    public var group: RecordPath?
    public var settings: QueueSettings

    public init(type: QueueType = .standard, group: RecordPath? = nil, settings: QueueSettings = QueueSettings()) {
        self.type = type
        self.group = group
        self.settings = settings
    }
}

/// What one queue has otherwise than the pipeline's other queues; `nil` = as they have it.
public struct QueueOverrides: Hashable, Sendable {
    public enum VisibilityTimeout: Hashable, Sendable {
        /// Renewed while the work runs.
        case auto
        case fixed(Duration)
    }

    public var maxReceiveCount: Int?
    public var visibilityTimeout: VisibilityTimeout?
    public var retention: Duration?
    public var capacity: Int?
    public var maxBytes: Int?

    public init(
        maxReceiveCount: Int? = nil, visibilityTimeout: VisibilityTimeout? = nil, retention: Duration? = nil,
        capacity: Int? = nil, maxBytes: Int? = nil
    ) {
        self.maxReceiveCount = maxReceiveCount
        self.visibilityTimeout = visibilityTimeout
        self.retention = retention
        self.capacity = capacity
        self.maxBytes = maxBytes
    }

    /// The settings of the queue itself.
    public func applied(to settings: QueueSettings) -> QueueSettings {
        var settings = settings
        settings.maxReceiveCount = maxReceiveCount ?? settings.maxReceiveCount
        settings.retention = retention ?? settings.retention
        settings.capacity = capacity ?? settings.capacity
        settings.maxBytes = maxBytes ?? settings.maxBytes
        switch visibilityTimeout {
        case .auto: settings.visibilityTimeout = nil
        case .fixed(let timeout): settings.visibilityTimeout = timeout
        case nil: break
        }
        return settings
    }
}
