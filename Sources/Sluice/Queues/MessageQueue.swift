/// One queue, for producers and consumers. Administration (attributes, purge, peek) is in protocols of
/// its own. All four work on batches; one message is a batch of one.
///
/// Conformances pass `MessageQueueConformance` of SluiceTesting.
public protocol MessageQueue: Sendable {
    /// The full name; a FIFO queue's ends in `.fifo`.
    var name: String { get }

    /// Stores messages. When it returns, those it lists as `.stored` survive any crash.
    ///
    /// May be repeated after an error: what a FIFO queue has already taken under a deduplication id answers
    /// `.duplicate` with the id of the first message. A message that can never be taken is `.refused` alone.
    /// - Throws: `QueueError.full` when there is no room (nothing of the batch is stored: wait for room and
    ///   send it again), `QueueError.diskFull`, `QueueError.closed`.
    func send(_ messages: [NewMessage]) async throws -> [SendResult]

    /// Hands out up to `request.limit` visible messages; each is in flight, durably, before this returns.
    /// Returns an empty array when nothing became visible within `request.wait`.
    ///
    /// In a FIFO queue no message of a group is handed out while another of it is in flight, other than in
    /// the same answer, in order. A *suspect* (one that our own process held when it died) comes alone.
    func receive(_ request: ReceiveRequest) async throws -> [ReceivedMessage]

    /// Hides messages for `timeout` from now; zero makes one visible at once. The receive still counts. In a FIFO queue
    /// the later ones of its group wait as long.
    func extend(_ receipts: [ReceiptHandle], to timeout: Duration) async throws -> [ReceiptResult]

    /// Deletes messages. Only the latest receipt of a message does so; an older one is `.stale`, and so is, in a FIFO
    /// queue, one whose visibility timeout is over. A message that is already gone is `.gone`.
    /// - Parameter who: for the audit, where the queue is a pipeline's: its step never saw the message.
    func delete(_ receipts: [ReceiptHandle], by who: String?) async throws -> [ReceiptResult]
}

extension MessageQueue {
    public func delete(_ receipts: [ReceiptHandle]) async throws -> [ReceiptResult] {
        try await delete(receipts, by: nil)
    }
}

public struct ReceiveRequest: Sendable, Hashable {
    /// Who receives: a step of ours holds its messages until it settles them or the process ends; a client
    /// holds them until the visibility timeout.
    public enum Holder: Sendable, Hashable { case step, client }

    /// 1 to 10,000.
    public var limit: Int
    /// How long to wait for a first message; `nil` = until there is one or the task is cancelled.
    public var wait: Duration?
    /// Overrides the queue's own timeout.
    public var visibilityTimeout: Duration?
    public var holder: Holder
    /// A FIFO queue that is asked again with the same id within five minutes gives the same messages with the same
    /// receipts, as long as none of them was deleted or hidden otherwise: for clients whose connection broke.
    public var attemptID: String?
    /// What a client is called, for whoever looks who has what.
    public var who: String?

    public init(
        limit: Int, wait: Duration? = .zero, visibilityTimeout: Duration? = nil, holder: Holder = .client,
        attemptID: String? = nil, who: String? = nil
    ) {
        self.limit = limit
        self.wait = wait
        self.visibilityTimeout = visibilityTimeout
        self.holder = holder
        self.attemptID = attemptID
        self.who = who
    }
}

/// What became of one message of a send.
public enum SendResult: Sendable, Hashable {
    case stored(MessageID, SequenceNumber? = nil)
    /// Accepted and dropped: the queue took a message with this deduplication id within five minutes; its id.
    case duplicate(MessageID, SequenceNumber? = nil)
    /// Never stored; why, and what to do.
    case refused(String)
}

/// What became of one receipt.
public enum ReceiptResult: Sendable, Hashable {
    case done
    /// The message is there, and this is not its latest receipt, or it is not in flight any more. Nothing was done.
    case stale
    /// There is no such message any more. Nothing was done.
    case gone
}

/// What can go wrong with a queue as a whole. What can go wrong with one message is a result, not an error.
public enum QueueError: Error, Sendable, Hashable {
    /// No queue of this name; the nearest name, if one is near.
    case unknown(String, suggestion: String?)
    /// As many messages wait as its capacity allows.
    case full(queue: String, capacity: Int)
    /// The raw copies of what entered it take as much as `archive.max_size` allows.
    case archiveFull(queue: String, size: Int)
    /// The disk of the data folder has only the reserve left. What is stored is safe; settling goes on.
    case diskFull(path: String)
    /// The store is shutting down or has failed; nothing is accepted any more.
    case closed(String)
    /// As many messages are in flight as may be: a receive that does not wait says so.
    case tooManyInFlight(queue: String, limit: Int)
    /// A queue of this name was deleted less than a minute ago.
    case deletedRecently(String)
    /// It was purged less than a minute ago.
    case purgedRecently(String)
    /// The definition of a pipeline has the queue: it cannot be deleted, and the definition decides of its settings.
    case usedByPipeline(queue: String, pipeline: String)
    /// A queue of this name exists, of the other type.
    case wrongType(queue: String, is: QueueType, wanted: QueueType)
}

extension QueueError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknown(let name, let suggestion):
            "there is no queue '\(name)'" + (suggestion.map { "; did you mean '\($0)'?" } ?? "; see `queue ls`")
        case .full(let queue, let capacity):
            "queue '\(queue)' is full (\(capacity) messages wait); it takes more as soon as some are delivered"
        case .archiveFull(let queue, let size):
            "the raw copies of queue '\(queue)' take \(size) bytes, which is `archive.max_size`: it takes more as soon as "
                + "some are deleted; raise it, or shorten `archive.keep`"
        case .diskFull(let path):
            "the disk of '\(path)' is full: nothing new is taken; what is stored is safe and is still processed. "
                + "Make room, then send again"
        case .closed(let why): "the store is closed: \(why)"
        case .deletedRecently(let queue):
            "queue '\(queue)' was deleted less than a minute ago: wait, or use another name"
        case .purgedRecently(let queue): "queue '\(queue)' was purged less than a minute ago: wait"
        case .usedByPipeline(let queue, let pipeline):
            "queue '\(queue)' belongs to pipeline '\(pipeline)': its definition decides of it"
        case .tooManyInFlight(let queue, let limit):
            "\(limit) messages of queue '\(queue)' are in flight: delete some, or let their visibility timeouts end"
        case .wrongType(let queue, let type, let wanted):
            "queue '\(queue)' is \(type.rawValue), and \(wanted.rawValue) is wanted; a queue cannot be converted: "
                + "empty it first, or use another name"
        }
    }
}

/// A queue with a high-water mark: the step before it stops receiving there, a sender waits there.
public protocol BoundedQueue: MessageQueue {
    /// How many more messages may wait before the queue is full; 0 = it is full. Costs nothing: no hop, no I/O.
    var room: Int { get }

    /// Returns once there is room.
    /// - Throws: `CancellationError`, `QueueError.closed`.
    func waitForRoom() async throws
}

extension BoundedQueue {
    /// Whether as many messages wait as the queue's capacity allows.
    public var isFull: Bool { room == 0 }
}
