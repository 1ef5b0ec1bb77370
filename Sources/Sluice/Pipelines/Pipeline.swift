import Foundation

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
    /// The folder that relative paths of the definition are relative to: the file's own. Not part of equality
    /// between the two spellings, because values compare before resolution; `nil` = the working directory.
    public var root: String?

    public init(
        name: String, source: Source, id: RecordPath? = nil, maxRecord: ByteCount = .megabytes(1),
        archive: Archive? = Archive(), subject: [String: SubjectPath] = [:], queue: QueuePlan = QueuePlan(),
        transform: Transform? = nil, deliver: Deliver, deadLetters: DeadLetters = DeadLetters(), root: String? = nil
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
        self.root = root
    }

    public static func == (left: Pipeline, right: Pipeline) -> Bool {
        var left = left
        left.root = right.root
        return left.memberwise == right.memberwise
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    private var memberwise: some Equatable {
        Memberwise(
            name: name, source: source, id: id, maxRecord: maxRecord, archive: archive, subject: subject,
            queue: queue, transform: transform, deliver: deliver, deadLetters: deadLetters)
    }

    private struct Memberwise: Equatable {
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
    }
}

/// Where records come from.
public enum Source: Hashable, Sendable {
    /// A queue of this name, created here: it *is* the pipeline's intake queue.
    case queue(String)
}

/// Raw copies of all that is received, byte for byte, before any transformation.
public struct Archive: Hashable, Sendable {
    /// 1 hour to 10 years; 14 days. An older copy is really deleted.
    public var keep: Duration

    public init(keep: Duration = .days(14)) { self.keep = keep }
}

/// Where a record names a person, and how the value is written before it is compared.
public struct SubjectPath: Hashable, Sendable {
    public enum Normalisation: String, Hashable, Sendable, Codable, CaseIterable { case trim, lower }

    public var paths: [RecordPath]
    public var normalise: [Normalisation]

    public init(_ paths: [RecordPath], normalise: [Normalisation] = []) {
        self.paths = paths
        self.normalise = normalise
    }
}

/// The settings of all queues of a pipeline, from intake on.
public struct QueuePlan: Hashable, Sendable {
    /// FIFO holds from source to sink. standard.
    public var type: QueueType
    /// The message group, read from the raw record and carried along.
    public var group: RecordPath?
    public var settings: QueueSettings

    public init(type: QueueType = .standard, group: RecordPath? = nil, settings: QueueSettings = QueueSettings()) {
        self.type = type
        self.group = group
        self.settings = settings
    }
}

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

/// Where records go: one table of one database.
public struct Deliver: Hashable, Sendable {
    /// What becomes of a record whose key is in the table.
    public enum Mode: String, Hashable, Sendable, Codable, CaseIterable { case upsert, insert, ignore }
    /// What becomes of a field that has no column.
    public enum UnknownField: String, Hashable, Sendable, Codable, CaseIterable { case reject, ignore, add }

    /// `[a-z0-9-]{1,20}`; `nil` = named after its kind (`sqlite`).
    public var name: String?
    public var to: SinkAddress
    /// `[schema.]name`.
    public var table: String
    /// The columns that identify a row; none = every record is a row of its own.
    public var key: [String]
    /// `nil` = upsert with a key, insert without.
    public var mode: Mode?
    /// Make the table (and the database, and its folders) if absent. SQLite: true.
    public var create: Bool
    /// Declared types of columns, in the order written; the rest is inferred from the first batch.
    public var columns: [Column]
    /// `nil` = add where Sluice made the table, else reject.
    public var unknown: UnknownField?
    /// Overrides of the pipeline's queue settings for this delivery's queue.
    public var queue: QueueSettings?
    /// Writes at once. 1 to 1,000; 1.
    public var concurrency: Int
    /// Records per second, minute or hour; `nil` = as fast as the sink takes them.
    public var rate: Rate?
    /// Records of one write. 1 to 10,000; 500.
    public var batch: Int
    /// How long to wait for a batch to fill. 0 s to 5 minutes; 0 s.
    public var batchWindow: Duration
    /// How long one write may take. 1 s to 15 minutes; 30 s.
    public var timeout: Duration
    public var errors: [ErrorRule]
    public var backoff: Backoff
    public var breaker: BreakerPlan

    public struct Column: Hashable, Sendable {
        public var name: String
        public var type: String
        public init(_ name: String, _ type: String) {
            self.name = name
            self.type = type
        }
    }

    public init(
        name: String? = nil, to: SinkAddress, table: String, key: [String] = [], mode: Mode? = nil,
        create: Bool = true, columns: [Column] = [], unknown: UnknownField? = nil, queue: QueueSettings? = nil,
        concurrency: Int = 1, rate: Rate? = nil, batch: Int = 500, batchWindow: Duration = .zero,
        timeout: Duration = .seconds(30), errors: [ErrorRule] = [], backoff: Backoff = Backoff(),
        breaker: BreakerPlan = BreakerPlan()
    ) {
        self.name = name
        self.to = to
        self.table = table
        self.key = key
        self.mode = mode
        self.create = create
        self.columns = columns
        self.unknown = unknown
        self.queue = queue
        self.concurrency = concurrency
        self.rate = rate
        self.batch = batch
        self.batchWindow = batchWindow
        self.timeout = timeout
        self.errors = errors
        self.backoff = backoff
        self.breaker = breaker
    }

    /// The name that commands, the ledger and the queue use.
    public var effectiveName: String { name ?? to.kind }
    public var effectiveMode: Mode { mode ?? (key.isEmpty ? .insert : .upsert) }
}

/// A database, as a definition names it.
public enum SinkAddress: Hashable, Sendable {
    /// The path of a database file; relative to the definition's folder.
    case sqlite(String)

    public var kind: String {
        switch self {
        case .sqlite: "sqlite"
        }
    }
}

public struct DeadLetters: Hashable, Sendable {
    /// 1 minute to 10 years; 14 days.
    public var keep: Duration
    public init(keep: Duration = .days(14)) { self.keep = keep }
}

/// How long a record waits between receives: `first`, then `factor` times longer each time, up to `max`.
public struct Backoff: Hashable, Sendable {
    public var first: Duration
    public var max: Duration
    public var factor: Double
    /// Each wait is a random share, between half and all, of what it would be: retries do not come back in step.
    public var jitter: Bool

    public init(
        first: Duration = .seconds(1), max: Duration = .seconds(900), factor: Double = 2, jitter: Bool = true
    ) {
        self.first = first
        self.max = max
        self.factor = factor
        self.jitter = jitter
    }

    /// The wait before receive number `receive + 1`.
    public func delay(afterReceive receive: Int) -> Duration {
        var seconds = first.inSeconds
        let longest = self.max.inSeconds
        for _ in 1..<Swift.max(receive, 2) where seconds < longest && receive > 1 { seconds *= factor }
        seconds = Swift.min(seconds, longest)
        if jitter { seconds *= Double.random(in: 0.5...1) }
        return .milliseconds(Int64(seconds * 1_000))
    }
}

/// What a failure of a certain kind means.
public struct ErrorRule: Hashable, Sendable {
    public enum Verdict: String, Hashable, Sendable, Codable, CaseIterable { case retry, reject, filter, pause }
    /// An error type with `*` wildcards, or a regular expression between slashes that is tried on the message.
    public var match: String
    public var then: Verdict

    public init(match: String, then: Verdict) {
        self.match = match
        self.then = then
    }
}

/// When a delivery stops trying for a while.
public struct BreakerPlan: Hashable, Sendable {
    /// Failures in a row. 5.
    public var after: Int
    /// Time between probes. 30 s.
    public var probe: Duration

    public init(after: Int = 5, probe: Duration = .seconds(30)) {
        self.after = after
        self.probe = probe
    }
}

/// Records per unit of time.
public struct Rate: Hashable, Sendable {
    public var count: Int
    public var per: Duration

    public init(_ count: Int, per: Duration) {
        self.count = count
        self.per = per
    }

    public static func perSecond(_ count: Int) -> Rate { Rate(count, per: .seconds(1)) }
    public static func perMinute(_ count: Int) -> Rate { Rate(count, per: .seconds(60)) }
    public static func perHour(_ count: Int) -> Rate { Rate(count, per: .seconds(3_600)) }
}

/// A number of bytes. `MB` is 2^20 everywhere in Sluice.
public struct ByteCount: Hashable, Comparable, Sendable {
    public var bytes: Int

    public init(_ bytes: Int) { self.bytes = bytes }
    public static func kilobytes(_ count: Int) -> ByteCount { ByteCount(count << 10) }
    public static func megabytes(_ count: Int) -> ByteCount { ByteCount(count << 20) }
    public static func gigabytes(_ count: Int) -> ByteCount { ByteCount(count << 30) }
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension Duration {
    public static func minutes(_ count: Int) -> Duration { .seconds(count * 60) }
    public static func hours(_ count: Int) -> Duration { .seconds(count * 3_600) }
    public static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
