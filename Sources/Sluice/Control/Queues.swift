/// What commands ask of single queues.
public protocol QueueControl: Sendable {
    /// Makes a queue, or answers that it is there.
    /// - Parameter name: a FIFO queue's ends in `.fifo`.
    /// - Returns: whether it is new.
    /// - Throws: `ControlError.unknown` for a name that is none, `.refused` when one of this name was just deleted.
    func createQueue(_ name: String, _ attributes: QueueAttributes) async throws -> Bool

    /// All that is known of a queue: figures, attributes, which groups wait, and what was taken out.
    func detail(ofQueue name: String) async throws -> QueueDetail

    /// Messages of a queue as they are, oldest first: nothing is received, and nobody notices.
    /// - Parameter limit: 1 to 1,000; fewer where they are large.
    func peek(_ name: String, state: PeekedMessage.State?, limit: Int) async throws -> [PeekedMessage]

    /// Takes out all messages of a queue, those in flight included; counted in the ledger as discarded, and noted with
    /// `who`.
    /// - Returns: how many.
    func purgeQueue(_ name: String, who: String) async throws -> Int
}

public struct QueueDetail: Sendable, Hashable, Codable {
    public var report: QueueReport
    public var attributes: QueueAttributes
    /// The groups with the longest waits first; at most twenty.
    public var groups: [WaitingGroup]
    /// How many groups have visible messages.
    public var groupCount: Int
    /// How long what waits takes at the present pace of its step; `nil` = no step takes it, or none moves.
    public var drain: Duration?
    /// What somebody took out of a pipeline's queue by hand, or as a client; the latest first, at most twenty.
    public var discards: [Discard]

    public init(
        report: QueueReport, attributes: QueueAttributes, groups: [WaitingGroup], groupCount: Int, drain: Duration?,
        discards: [Discard]
    ) {
        self.report = report
        self.attributes = attributes
        self.groups = groups
        self.groupCount = groupCount
        self.drain = drain
        self.discards = discards
    }

    /// Messages that were taken out, and no step has seen.
    public struct Discard: Sendable, Hashable, Codable {
        public var time: Timestamp
        /// `DeleteMessage`, `PurgeQueue`, `dlq discard`.
        public var action: String
        /// Those of one action and one caller that follow each other within a minute are one discard.
        public var count: Int
        /// A client's access key id, or the user of a command.
        public var who: String
        /// Empty = none was given.
        public var reason: String

        public init(time: Timestamp, action: String, count: Int, who: String, reason: String) {
            self.time = time
            self.action = action
            self.count = count
            self.who = who
            self.reason = reason
        }
    }

    /// A message group that waits.
    public struct WaitingGroup: Sendable, Hashable, Codable {
        public var name: String
        public var waiting: Int
        /// When the message arrived that is next.
        public var oldest: Timestamp

        public init(name: String, waiting: Int, oldest: Timestamp) {
            self.name = name
            self.waiting = waiting
            self.oldest = oldest
        }
    }
}

/// A message as somebody sees it who only looks.
public struct PeekedMessage: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Hashable, Codable, CaseIterable {
        case ready, delayed
        case inFlight = "in-flight"
    }

    public var id: MessageID
    public var state: State
    public var group: String?
    public var sent: Timestamp
    public var receiveCount: Int
    /// When it is visible by itself; `nil` = it is, or its step holds it as long as the work takes.
    public var visible: Timestamp?
    /// Who has it, where it is in flight: a step, or a client by its access key id.
    public var holder: String?
    public var body: [UInt8]

    public init(
        id: MessageID, state: State, group: String?, sent: Timestamp, receiveCount: Int, visible: Timestamp?,
        holder: String?, body: [UInt8]
    ) {
        self.id = id
        self.state = state
        self.group = group
        self.sent = sent
        self.receiveCount = receiveCount
        self.visible = visible
        self.holder = holder
        self.body = body
    }
}
