/// Moving all messages of a dead-letter queue to where they came from, or to another queue, at a pace.
public protocol MessageMoving: Sendable {
    /// Begins; it goes on by itself, also after a restart.
    /// - Parameters:
    ///   - destination: by full name; `nil` = each message to the queue it died in.
    ///   - rate: messages a second, 1 to 500; `nil` = as fast as it goes.
    /// - Returns: the task's id.
    /// - Throws: `MoveError`, `QueueError.unknown`.
    func startMove(from source: String, to destination: String?, rate: Int?) async throws -> MessageID

    /// Ends it; what was moved stays where it is.
    /// - Returns: how many messages were moved.
    /// - Throws: `MoveError.noTask` when there is no such task under way.
    func cancelMove(_ task: MessageID) async throws -> Int

    /// The tasks of a queue, newest first.
    func moves(from source: String) async throws -> [MoveTask]
}

/// Moving the messages of one dead-letter queue.
public struct MoveTask: Sendable, Hashable, Codable {
    public enum Status: String, Sendable, Codable {
        case running = "RUNNING"
        case completed = "COMPLETED"
        case cancelled = "CANCELLED"
        case failed = "FAILED"
    }

    public var id: MessageID
    /// Queues, by full name.
    public var source: String
    public var destination: String?
    public var rate: Int?
    public var started: Timestamp
    public var status = Status.running
    public var moved = 0
    /// How many were visible when it began.
    public var toMove: Int
    /// Why it failed, in AWS's word.
    public var failure: String?

    public init(
        id: MessageID, source: String, destination: String?, rate: Int?, started: Timestamp, toMove: Int
    ) {
        self.id = id
        self.source = source
        self.destination = destination
        self.rate = rate
        self.started = started
        self.toMove = toMove
    }
}

public enum MoveError: Error, Sendable, Hashable {
    /// No queue has it as its dead-letter queue.
    case noDeadLetterQueue(String)
    /// A task is under way for this queue.
    case underWay(String)
    /// More tasks are under way than may be.
    case tooMany(Int)
    /// Queues of one type only.
    case otherType(String)
    /// From a queue into the same queue: it would never end.
    case ontoItself
    case noTask
}
