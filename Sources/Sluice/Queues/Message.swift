/// A message to be stored in a queue.
public struct Outgoing: Sendable, Hashable {
    /// The queue to store it in, by its full name (a FIFO queue's ends in `.fifo`).
    public var queue: String
    public var body: Bytes
    public var lineage: Lineage
    /// How long it stays invisible at first; `nil` = the queue's own setting. 0 s to 15 minutes.
    public var delay: Duration?

    public init(queue: String, body: Bytes, lineage: Lineage, delay: Duration? = nil) {
        self.queue = queue
        self.body = body
        self.lineage = lineage
        self.delay = delay
    }
}

/// A message as its producer hands it over: the queue that takes it gives it an id and reads its lineage.
public struct NewMessage: Sendable, Hashable {
    public var body: Bytes
    /// The sender's MessageGroupId. The definition's `group:` path decides where there is one.
    public var group: String?
    /// 1 to 128 characters. Within five minutes a second message with the same id is accepted and dropped.
    /// `nil` on a FIFO queue: every message is its own, nothing is dropped.
    public var deduplicationID: String?
    /// 0 s to 15 minutes; `nil` = the queue's own setting. Standard queues only.
    public var delay: Duration?
    public var properties: MessageProperties?

    public init(
        body: Bytes, group: String? = nil, deduplicationID: String? = nil, delay: Duration? = nil,
        properties: MessageProperties? = nil
    ) {
        self.body = body
        self.group = group
        self.deduplicationID = deduplicationID
        self.delay = delay
        self.properties = properties
    }
}

/// A message as one receive hands it out.
public struct ReceivedMessage: Sendable, Hashable {
    public var id: MessageID
    public var body: Bytes
    public var receipt: ReceiptHandle
    /// How often it was received, this time included. Starts at 1.
    public var receiveCount: Int
    /// When it was stored under its id: moving to a dead-letter queue keeps it, a redrive stores a new message.
    public var sent: Timestamp
    public var lineage: Lineage
    /// Our own process held it when it died: it comes alone, and nothing is added to its batch.
    public var isSuspect: Bool
    /// How far its object has been read, for a message that announces one; `nil` = from the beginning.
    public var position: SourcePosition?
    /// When it was first received from this queue.
    public var firstReceived: Timestamp?
    public var properties: MessageProperties?
    /// FIFO queues only.
    public var sequenceNumber: SequenceNumber?
    public var deduplicationID: String?
    /// The queue it died in, by full name, for a message of a dead-letter queue.
    public var deadLetterSource: String?

    public init(
        id: MessageID, body: Bytes, receipt: ReceiptHandle, receiveCount: Int, sent: Timestamp, lineage: Lineage,
        isSuspect: Bool = false, position: SourcePosition? = nil
    ) {
        self.id = id
        self.body = body
        self.receipt = receipt
        self.receiveCount = receiveCount
        self.sent = sent
        self.lineage = lineage
        self.isSuspect = isSuspect
        self.position = position
    }
}
