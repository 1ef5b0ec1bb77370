/// A part of a pipeline, as the result builder takes it.
public protocol PipelinePart: Sendable {
    func define(in pipeline: inout Pipeline)
}

/// `Pipeline("orders") { Source.queue("orders-in"); … }`
@resultBuilder public enum PipelineBuilder {
    public static func buildExpression(_ part: some PipelinePart) -> [any PipelinePart] { [part] }
    public static func buildBlock(_ parts: [any PipelinePart]...) -> [any PipelinePart] { parts.flatMap(\.self) }
    public static func buildOptional(_ parts: [any PipelinePart]?) -> [any PipelinePart] { parts ?? [] }
    public static func buildEither(first parts: [any PipelinePart]) -> [any PipelinePart] { parts }
    public static func buildEither(second parts: [any PipelinePart]) -> [any PipelinePart] { parts }
    public static func buildArray(_ parts: [[any PipelinePart]]) -> [any PipelinePart] { parts.flatMap(\.self) }
    public static func buildLimitedAvailability(_ parts: [any PipelinePart]) -> [any PipelinePart] { parts }
}

extension Pipeline {
    /// A pipeline in Swift; equal to the one that the same definition in YAML makes.
    ///
    /// ```swift
    /// Pipeline("orders") {
    ///     Source.queue("orders-in")
    ///     Transform(function: "order-row")
    ///     Deliver(to: .sqlite("out/shop.db"), table: "orders", key: ["order_id"])
    /// }
    /// ```
    /// A pipeline needs a `Source` and a `Deliver`; every other part has a default. What is missing, given twice
    /// or out of range is told by `validate`, which `run` and `check` call before anything else.
    public init(_ name: String, root: String? = nil, @PipelineBuilder _ parts: () -> [any PipelinePart]) {
        self = DefinitionKeys.document.prototype.pipeline
        self.name = name
        self.root = root
        var kinds: Set<ObjectIdentifier> = []
        for part in parts() {
            let kind = type(of: part)
            if !(part is Subject), !kinds.insert(ObjectIdentifier(kind)).inserted { repeatedParts.append("\(kind)") }
            part.define(in: &self)
        }
    }
}

extension Source: PipelinePart {
    public func define(in pipeline: inout Pipeline) { pipeline.source = self }
}

extension Archive: PipelinePart {
    public func define(in pipeline: inout Pipeline) { pipeline.archive = self }

    /// `archive: none`: no raw copies are kept.
    public static var none: NoArchive { NoArchive() }
}

/// No raw copies are kept.
public struct NoArchive: PipelinePart {
    public init() {}
    public func define(in pipeline: inout Pipeline) { pipeline.archive = nil }
}

extension Transform: PipelinePart {
    public func define(in pipeline: inout Pipeline) { pipeline.transform = self }
}

extension Deliver: PipelinePart {
    public func define(in pipeline: inout Pipeline) { pipeline.deliver = self }
}

extension DeadLetters: PipelinePart {
    public func define(in pipeline: inout Pipeline) { pipeline.deadLetters = self }
}

/// Your own name for a record, read from the raw record; it may repeat, and drops nothing.
public struct ID: PipelinePart {
    public var path: RecordPath

    public init(_ path: RecordPath) { self.path = path }
    public func define(in pipeline: inout Pipeline) { pipeline.id = path }
}

/// The largest record taken. 1 KB to 1 MB; 1 MB.
public struct MaxRecord: PipelinePart {
    public var size: ByteCount

    public init(_ size: ByteCount) { self.size = size }
    public func define(in pipeline: inout Pipeline) { pipeline.maxRecord = size }
}

/// A kind of person that records are about, and where they name one. One for each kind.
public struct Subject: PipelinePart {
    public var kind: String
    public var path: SubjectPath

    /// - Parameter kind: 42 of another kind is another person.
    public init(
        _ kind: String, _ path: RecordPath, _ more: RecordPath..., normalise: [SubjectPath.Normalisation] = []
    ) {
        self.kind = kind
        self.path = SubjectPath([path] + more, normalise: normalise)
    }

    /// A pipeline whose records are about one kind of person: the kind is `subject`.
    public init(_ paths: RecordPath..., normalise: [SubjectPath.Normalisation] = []) {
        kind = Self.usualKind
        path = SubjectPath(paths, normalise: normalise)
    }

    static let usualKind = "subject"

    public func define(in pipeline: inout Pipeline) {
        if pipeline.subject.updateValue(path, forKey: kind) != nil {
            pipeline.repeatedParts.append("Subject \"\(kind)\"")
        }
    }
}

/// The settings of all queues of a pipeline, from intake on.
public struct Queues: PipelinePart {
    /// What kind of queues, and what their groups are.
    public struct Kind: Sendable {
        var type: QueueType
        var group: RecordPath?

        public static var standard: Kind { Kind(type: .standard) }
        /// Each group gets a fair share; no order is kept.
        public static func standard(group: RecordPath) -> Kind { Kind(type: .standard, group: group) }
        /// The sender's MessageGroupId is the group.
        public static var fifo: Kind { Kind(type: .fifo) }
        /// The order of each group is kept, from the source to the sink.
        public static func fifo(group: RecordPath) -> Kind { Kind(type: .fifo, group: group) }
    }

    public var plan: QueuePlan

    /// - Parameters:
    ///   - maxReceiveCount: tries of a record until it goes to the dead-letter queue. 1 to 1,000; 5.
    ///   - visibilityTimeout: 0 s to 12 h; `nil` = as long as the work takes.
    ///   - retention: how long a record may wait. 1 minute to 14 days; 14 days.
    ///   - capacity: records that may wait; at it, whatever fills the queue waits. 1,000,000.
    ///   - maxBytes: bytes that may wait; `nil` = no such bound.
    public init(
        _ kind: Kind = .standard, maxReceiveCount: Int = 5, visibilityTimeout: Duration? = nil,
        retention: Duration = .days(14), capacity: Int = 1_000_000, maxBytes: ByteCount? = nil
    ) {
        plan = QueuePlan(
            type: kind.type, group: kind.group,
            settings: QueueSettings(
                maxReceiveCount: maxReceiveCount, visibilityTimeout: visibilityTimeout, retention: retention,
                capacity: capacity, maxBytes: maxBytes?.bytes))
    }

    public func define(in pipeline: inout Pipeline) { pipeline.queue = plan }
}
