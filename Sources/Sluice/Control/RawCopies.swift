/// What commands ask of an engine about raw copies, and what they send again of them.
public protocol ArchiveControl: Sendable {
    /// What is kept, by pipeline, kind and hour of arrival.
    /// - Parameter pipeline: `nil` = all of them.
    /// - Throws: `ControlError.unknown` for a pipeline that is not there.
    func archive(pipeline: String?) async throws -> [ArchiveHour]

    /// Raw copies of messages that match, in the order of their arrival, a page at a time. A page may be empty although
    /// another follows: it ends after so many that were looked at.
    func rawCopies(_ selection: RawCopySelection) async throws -> RawCopyPage

    /// Objects that a pipeline was told of and that are kept, in the order in which they were put, a page at a time.
    func archivedObjects(_ selection: ArchivedObjectSelection) async throws -> [ArchivedObject]

    /// Where a record, and what was made of it, is at this moment; replays of it are not meant.
    func places(of identity: RecordIdentity, in pipeline: String) async throws -> [RecordPlace]

    /// Reads raw copies once more, and compares them with the checksums they were stored with: a page at a time.
    /// - Parameter place: where the page before ended; 0 = from the beginning.
    func verifyArchive(pipeline: String, after place: Int64) async throws -> ArchiveVerification

    /// What a replay would send; changes nothing.
    func estimate(_ request: ReplayRequest) async throws -> ReplayEstimate

    /// Gives a replay its number. Nothing is sent yet.
    /// - Throws: `ControlError.refused` when the pipeline keeps no raw copies.
    func beginReplay(_ request: ReplayRequest) async throws -> ReplayReport

    /// Sends the next raw copies of a replay; waits while its queue is full. To be called until it is finished, by whoever
    /// wants it, also after a crash: what was sent and how far is stored together.
    /// - Parameter limit: messages, or objects, that are sent at most; 0 = say how far it is, and do nothing.
    /// - Throws: `ControlError.unknown` for a number that no replay has.
    func continueReplay(_ number: Int, atMost limit: Int) async throws -> ReplayReport

    /// Which code a step has run, from the first to the present one.
    func codeVersions(of step: StepName) async throws -> [CodeVersion]
}

/// The raw copies of one kind of a pipeline that arrived in one hour.
public struct ArchiveHour: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable { case messages, objects }

    public var pipeline: String
    public var kind: Kind
    /// Its beginning.
    public var hour: Timestamp
    public var count: Int
    /// As they arrived.
    public var bytes: Int
    /// As they are stored.
    public var storedBytes: Int
    /// When the last of them is deleted; `nil` = an object is still in its bucket.
    public var expires: Timestamp?

    public init(
        pipeline: String, kind: Kind, hour: Timestamp, count: Int, bytes: Int, storedBytes: Int, expires: Timestamp?
    ) {
        self.pipeline = pipeline
        self.kind = kind
        self.hour = hour
        self.count = count
        self.bytes = bytes
        self.storedBytes = storedBytes
        self.expires = expires
    }
}

/// Which raw copies of messages are asked for. Empty fields do not restrict.
public struct RawCopySelection: Sendable, Hashable, Codable {
    public var pipeline: String
    public var from: Timestamp?
    /// Not included.
    public var to: Timestamp?
    public var identity: RecordIdentity?
    /// The record's own name (`id:`).
    public var name: String?
    /// Bytes that it must have in it.
    public var text: String?
    public var conditions: [ReplayCondition]
    /// Where the page before ended; `nil` = from the beginning.
    public var after: RawCopyPlace?

    public init(
        pipeline: String, from: Timestamp? = nil, to: Timestamp? = nil, identity: RecordIdentity? = nil,
        name: String? = nil, text: String? = nil, conditions: [ReplayCondition] = [], after: RawCopyPlace? = nil
    ) {
        self.pipeline = pipeline
        self.from = from
        self.to = to
        self.identity = identity
        self.name = name
        self.text = text
        self.conditions = conditions
        self.after = after
    }
}

public struct RawCopyPlace: Sendable, Hashable, Codable {
    public var chunk: Int64
    public var index: Int

    public init(chunk: Int64, index: Int) {
        self.chunk = chunk
        self.index = index
    }
}

public struct RawCopyPage: Sendable, Hashable, Codable {
    public var copies: [RawCopy]
    /// `nil` = there are no more.
    public var next: RawCopyPlace?

    public init(copies: [RawCopy], next: RawCopyPlace?) {
        self.copies = copies
        self.next = next
    }
}

/// A message as it arrived.
public struct RawCopy: Sendable, Hashable, Codable {
    public var identity: RecordIdentity
    public var name: String?
    public var group: String?
    public var received: Timestamp
    /// It is still in its queue.
    public var isWaiting: Bool
    public var expires: Timestamp
    public var body: [UInt8]

    public init(
        identity: RecordIdentity, name: String?, group: String?, received: Timestamp, isWaiting: Bool,
        expires: Timestamp, body: [UInt8]
    ) {
        self.identity = identity
        self.name = name
        self.group = group
        self.received = received
        self.isWaiting = isWaiting
        self.expires = expires
        self.body = body
    }
}

public struct ArchivedObjectSelection: Sendable, Hashable, Codable {
    public var pipeline: String
    public var from: Timestamp?
    public var to: Timestamp?
    /// The text of one version, `bucket/key@version`.
    public var version: String?
    /// The number behind which to go on.
    public var after: Int64

    public init(
        pipeline: String, from: Timestamp? = nil, to: Timestamp? = nil, version: String? = nil, after: Int64 = 0
    ) {
        self.pipeline = pipeline
        self.from = from
        self.to = to
        self.version = version
        self.after = after
    }
}

public struct ArchivedObject: Sendable, Hashable, Codable {
    /// The order of arrival.
    public var number: Int64
    public var object: StoredObject
    /// The SHA-256 of its bytes, and the name they are stored under.
    public var blob: String
    /// Its bucket has it. One that it has not any more is a raw copy, until `expires`.
    public var isInBucket: Bool
    public var expires: Timestamp?

    public init(number: Int64, object: StoredObject, blob: String, isInBucket: Bool, expires: Timestamp?) {
        self.number = number
        self.object = object
        self.blob = blob
        self.isInBucket = isInBucket
        self.expires = expires
    }
}

/// A message of a record that waits somewhere.
public struct RecordPlace: Sendable, Hashable, Codable {
    public var queue: String
    public var role: QueueReport.Role
    public var identity: RecordIdentity
    /// A step, or a client, has it.
    public var isInFlight: Bool
    public var receiveCount: Int
    /// Why it is dead; `nil` = it is not.
    public var failure: Failure?

    public init(
        queue: String, role: QueueReport.Role, identity: RecordIdentity, isInFlight: Bool, receiveCount: Int,
        failure: Failure?
    ) {
        self.queue = queue
        self.role = role
        self.identity = identity
        self.isInFlight = isInFlight
        self.receiveCount = receiveCount
        self.failure = failure
    }
}

/// What a reading of raw copies has found.
public struct ArchiveVerification: Sendable, Hashable, Codable {
    /// Messages or objects that were read.
    public var count: Int
    public var bytes: Int
    /// What is wrong, one sentence each.
    public var problems: [String]
    /// Where to go on; `nil` = that was all.
    public var next: Int64?

    public init(count: Int = 0, bytes: Int = 0, problems: [String] = [], next: Int64? = nil) {
        self.count = count
        self.bytes = bytes
        self.problems = problems
        self.next = next
    }
}

/// What is to be sent again.
public struct ReplayRequest: Sendable, Hashable, Codable {
    public var pipeline: String
    /// When it arrived, in the raw: from here on…
    public var from: Timestamp
    /// … and before.
    public var to: Timestamp
    /// What a record has to say of itself.
    public var conditions: [ReplayCondition]

    public init(pipeline: String, from: Timestamp, to: Timestamp, conditions: [ReplayCondition] = []) {
        self.pipeline = pipeline
        self.from = from
        self.to = to
        self.conditions = conditions
    }
}

public struct ReplayEstimate: Sendable, Hashable, Codable {
    public var kind: ArchiveHour.Kind
    /// Messages or objects in the range, before conditions.
    public var count: Int
    public var bytes: Int
    public var first: Timestamp?
    public var last: Timestamp?

    public init(kind: ArchiveHour.Kind, count: Int, bytes: Int, first: Timestamp?, last: Timestamp?) {
        self.kind = kind
        self.count = count
        self.bytes = bytes
        self.first = first
        self.last = last
    }
}

/// How far a replay is.
public struct ReplayReport: Sendable, Hashable, Codable {
    public var number: Int
    public var request: ReplayRequest
    public var kind: ArchiveHour.Kind
    /// Messages or objects that were sent again.
    public var sent: Int
    /// Messages, or objects, that do not fulfil the conditions; records of objects Split passes over.
    public var passedOver: Int
    /// What is not sent again because it still waits, and will be processed anyway.
    public var waiting: Int
    public var isFinished: Bool

    public init(
        number: Int, request: ReplayRequest, kind: ArchiveHour.Kind, sent: Int = 0, passedOver: Int = 0,
        waiting: Int = 0, isFinished: Bool = false
    ) {
        self.number = number
        self.request = request
        self.kind = kind
        self.sent = sent
        self.passedOver = passedOver
        self.waiting = waiting
        self.isFinished = isFinished
    }
}
