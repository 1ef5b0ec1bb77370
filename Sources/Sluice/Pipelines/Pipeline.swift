/// One pipeline, as a plain value: YAML decodes to it, the Swift result builder builds it, and nothing
/// downstream can tell which.
public struct Pipeline: Hashable, Sendable {
    /// Part of every queue, log group and metric name. `[a-z0-9-]{1,40}`.
    public var name: String
    public var source: Source
    /// The user's own name for a record (`meta.id`, `trace`); may repeat, drops nothing. `nil` = the identity.
    public var id: RecordPath?
    /// The largest record taken, in bytes. 1 KB to 1 MB; 1 MB, which is SQS's limit.
    public var maxRecord: ByteCount
    /// How long raw copies are kept; `nil` = none are (`archive: none`).
    public var archive: Archive?
    /// Kind of person → where a record names one. Makes `forget` work everywhere.
    public var subject: [String: SubjectPath]
    public var queue: QueuePlan
    /// `nil` = records are passed on unchanged.
    public var transform: Transform?
    public var deliver: Deliver
    public var deadLetters: DeadLetters
    public var logs: Logs
    /// The folder that relative paths of the definition are relative to: the file's own. Not part of equality
    /// between the two spellings, because values compare before resolution; `nil` = the working directory.
    public var root: String?
    /// Parts that the result builder was given more than once. A value from YAML has none; `validate` tells.
    var repeatedParts: [String] = []

    public init(
        name: String, source: Source, id: RecordPath? = nil, maxRecord: ByteCount = .megabytes(1),
        archive: Archive? = Archive(), subject: [String: SubjectPath] = [:], queue: QueuePlan = QueuePlan(),
        transform: Transform? = nil, deliver: Deliver, deadLetters: DeadLetters = DeadLetters(), logs: Logs = Logs(),
        root: String? = nil
    ) {
        self.name = name
        self.source = source
        self.id = id
        self.maxRecord = maxRecord
        self.archive = archive
        self.subject = subject
        self.queue = queue
        self.transform = transform
        self.deliver = deliver
        self.deadLetters = deadLetters
        self.logs = logs
        self.root = root
    }
}

/// Equality is that of what is defined: where the definition lies (`root`) does not tell two apart.
extension Pipeline {
    public static func == (left: Pipeline, right: Pipeline) -> Bool { left.defined == right.defined }
    public func hash(into hasher: inout Hasher) { hasher.combine(defined) }

    private var defined: Defined {
        Defined(
            name: name, source: source, id: id, maxRecord: maxRecord, archive: archive, subject: subject,
            queue: queue, transform: transform, deliver: deliver, deadLetters: deadLetters, logs: logs)
    }

    private struct Defined: Hashable {
        let name: String
        let source: Source
        let id: RecordPath?
        let maxRecord: ByteCount
        let archive: Archive?
        let subject: [String: SubjectPath]
        let queue: QueuePlan
        let transform: Transform?
        let deliver: Deliver
        let deadLetters: DeadLetters
        let logs: Logs
    }
}
