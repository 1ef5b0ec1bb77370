extension DefinitionKeys {
    static let queue = KeyTable(
        prototype: QueuePlan(),
        keys: [
            Key(
                "type", .choice(), at: \.type,
                "`fifo` keeps the order of each group from the source to the sink. The type of a queue that holds "
                    + "messages cannot be changed."),
            Key(
                "group", KeyType<RecordPath>.path.optional(base: "$.group"), at: \.group,
                fallback: "the sender's MessageGroupId",
                effective: { $0.group?.text ?? "the sender's MessageGroupId" },
                "What is kept in order, read from the raw record. In a standard queue: what gets a fair share."),
            Key("max_receive_count", receives, at: \.settings.maxReceiveCount, receivesMeaning),
            Key(
                "visibility_timeout", visibility.or("auto", base: .seconds(30)), at: \.settings.visibilityTimeout,
                visibilityMeaning),
            Key("retention", retention, at: \.settings.retention, retentionMeaning),
            Key("capacity", capacity, at: \.settings.capacity, capacityMeaning),
            Key(
                "max_bytes", maxBytes.or("none", base: 1 << 30), at: \.settings.maxBytes, maxBytesMeaning),
        ])

    /// The same for one queue: what is not written is as the pipeline's queues have it.
    static let queueOverrides = KeyTable(
        prototype: QueueOverrides(),
        keys: [
            Key(
                "max_receive_count", receives.optional(base: 5), at: \.maxReceiveCount, fallback: asPipeline,
                receivesMeaning),
            Key(
                "visibility_timeout", overriddenVisibility.optional(base: .auto), at: \.visibilityTimeout,
                fallback: asPipeline, visibilityMeaning),
            Key(
                "retention", retention.optional(base: .days(14)), at: \.retention, fallback: asPipeline,
                retentionMeaning),
            Key("capacity", capacity.optional(base: 1), at: \.capacity, fallback: asPipeline, capacityMeaning),
            Key(
                "max_bytes", maxBytes.optional(base: 1 << 30), at: \.maxBytes, fallback: asPipeline,
                maxBytesMeaning),
        ],
        advice: Dictionary(
            uniqueKeysWithValues: ["type", "group"].map {
                ($0, "all queues of a pipeline have the same; write it under 'queue' of the pipeline")
            }))

    private static let asPipeline = "as under `queue`"

    private static let receives = KeyType.count(.limit(Limits.maxReceiveCount))
    private static let receivesMeaning =
        "How often a record is tried before it goes to the dead-letter queue, with the reason. Waiting for a slot, a "
        + "shutdown and an open breaker are not tries."

    private static let visibility = KeyType.duration(.limit(Limits.visibilityTimeout))
    private static let visibilityMeaning =
        "How long a received record is hidden from others; `auto` is as long as the work takes."
    private static let overriddenVisibility = visibility.or("auto", base: .seconds(30)).mapped(
        to: { $0.map(QueueOverrides.VisibilityTimeout.fixed) ?? .auto },
        from: { timeout in
            switch timeout {
            case .auto: nil
            case .fixed(let duration): duration
            }
        })

    private static let retention = KeyType.duration(.limit(Limits.retention))
    private static let retentionMeaning =
        "How long a record may wait. The clock stands still while the step is paused or its breaker is open."

    private static let capacity = KeyType.count(.ours(1...1_000_000_000))
    private static let capacityMeaning = "Records that may wait. At it, whatever fills the queue waits."

    private static let maxBytes = KeyType.size(.ours(.megabytes(1)...(.gigabytes(100 << 10)))).mapped(
        to: \.bytes, from: { ByteCount($0) })
    private static let maxBytesMeaning = "Bytes that may wait, as `capacity` for records."
}
