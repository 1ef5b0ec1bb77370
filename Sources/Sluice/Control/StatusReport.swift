/// What `sluice status` shows, as a value. Times are moments, not ages: whoever prints it knows what time it is.
public struct StatusReport: Sendable, Hashable, Codable {
    public var time: Timestamp
    public var pipelines: [PipelineReport]
    /// Queues that no pipeline owns: unclaimed ones, and clients' own.
    public var otherQueues: [QueueReport]
    /// What does not add up, in words; empty when everything does.
    public var discrepancies: [String]
    /// Set while the disk has only the reserve left: sends are refused.
    public var diskFull: Bool

    public init(
        time: Timestamp, pipelines: [PipelineReport], otherQueues: [QueueReport], discrepancies: [String],
        diskFull: Bool
    ) {
        self.time = time
        self.pipelines = pipelines
        self.otherQueues = otherQueues
        self.discrepancies = discrepancies
        self.diskFull = diskFull
    }
}

public struct PipelineReport: Sendable, Hashable, Codable {
    public var name: String
    /// True while a process runs its steps.
    public var running: Bool
    public var steps: [StepReport]
    /// Deliveries that former definitions named: what they delivered is part of the ledger.
    public var formerSteps: [StepReport]
    public var queues: [QueueReport]
    /// Dead letters that are there now, and since when the oldest of them.
    public var dead: Int
    public var deadSince: Timestamp?
    /// The most frequent cause among them.
    public var deadReason: String?
    /// How many of the dead have that cause.
    public var deadReasonCount: Int
    /// When the first of the dead letters will be deleted unprocessed, if nobody does anything.
    public var deadExpires: Timestamp?
    /// Records that name no person where the definition says they should.
    public var withoutSubject: Int
    /// When the raw copies taken now will be deleted; `nil` = none are kept.
    public var archiveUntil: Timestamp?
    /// Raw copies take as much as `archive.max_size` allows: nothing more is taken in until some are deleted.
    public var isArchiveFull: Bool
    /// The file of the definition that ran last; `nil` = it was built in Swift, or has not run.
    public var definition: String?

    public init(
        name: String, running: Bool, steps: [StepReport], queues: [QueueReport], dead: Int, deadSince: Timestamp?,
        deadReason: String?, deadReasonCount: Int, deadExpires: Timestamp?, withoutSubject: Int,
        archiveUntil: Timestamp?, formerSteps: [StepReport] = [], isArchiveFull: Bool = false,
        definition: String? = nil
    ) {
        self.name = name
        self.running = running
        self.steps = steps
        self.formerSteps = formerSteps
        self.queues = queues
        self.dead = dead
        self.deadSince = deadSince
        self.deadReason = deadReason
        self.deadReasonCount = deadReasonCount
        self.deadExpires = deadExpires
        self.withoutSubject = withoutSubject
        self.archiveUntil = archiveUntil
        self.isArchiveFull = isArchiveFull
        self.definition = definition
    }
}

public struct StepReport: Sendable, Hashable, Codable {
    public var name: StepName
    /// The queue it receives from.
    public var queue: String
    public var ledger: [LedgerEntry: Int]
    /// Records settled per second, over the last ten seconds, or since it began less long ago; 0 when nothing runs.
    public var rate: Double
    public var state: State
    /// What it runs, or ran last; `nil` for a step without a function.
    public var code: CodeVersion?

    public enum State: Sendable, Hashable, Codable {
        case stopped
        case running
        case paused(since: Timestamp, reason: String?)
        /// The sink is not there; the next probe.
        case breakerOpen(since: Timestamp, reason: String, nextProbe: Timestamp)
        /// The queue behind it is full.
        case heldBack
    }

    public init(
        name: StepName, queue: String, ledger: [LedgerEntry: Int], rate: Double, state: State, code: CodeVersion?
    ) {
        self.name = name
        self.queue = queue
        self.ledger = ledger
        self.rate = rate
        self.state = state
        self.code = code
    }
}

extension StepReport {
    public var kind: StepKind { name.kind }
}

/// Which code a step runs, since when, and what it ran before.
public struct CodeVersion: Sendable, Hashable, Codable {
    public var version: String
    /// When this version first ran here after another one.
    public var since: Timestamp
    /// The version before; `nil` = this is the first one.
    public var former: String?

    public init(version: String, since: Timestamp, former: String?) {
        self.version = version
        self.since = since
        self.former = former
    }
}

public struct QueueReport: Sendable, Hashable, Codable {
    public var name: String
    /// `nil` = unclaimed: made by a send, type undecided.
    public var type: QueueType?
    public var pipeline: String?
    public var role: Role
    public var settings: QueueSettings
    public var depth: QueueDepth
    public var ledger: [LedgerEntry: Int]

    /// What waits in it: notifications of objects, records before and behind the transform, what failed for good.
    public enum Role: String, Sendable, Hashable, Codable { case objects, intake, delivery, deadLetter, other }

    public init(
        name: String, type: QueueType?, pipeline: String?, role: Role, settings: QueueSettings, depth: QueueDepth,
        ledger: [LedgerEntry: Int]
    ) {
        self.name = name
        self.type = type
        self.pipeline = pipeline
        self.role = role
        self.settings = settings
        self.depth = depth
        self.ledger = ledger
    }
}
