/// What a client asks for.
enum Operation: Sendable {
    case createQueue(String, ModelAttributes)
    case deleteQueue(String)
    case setQueueAttributes(String, ModelAttributes.Change)
    case getQueueAttributes(String)
    case purgeQueue(String)
    /// Several are a batch.
    case sendMessage(String, [Draft])
    case receiveMessage(String, ReceiveOptions)
    /// By receipt handles; several are a batch.
    case deleteMessage(String, [String])
    /// Several are a batch, of which each entry is done by itself.
    case changeMessageVisibility(String, [VisibilityChange])
}

/// A message as its sender makes it.
struct Draft: Sendable {
    struct Attribute: Sendable, Hashable {
        let name: String
        let type: String
        /// Of a binary one in base64, as it is sent.
        let value: String
        var isBinary: Bool { type.hasPrefix("Binary") }
    }

    /// What no other message is called. It travels as a message attribute, for bodies may repeat.
    let key: String
    let queue: String
    let body: String
    let attributes: [Attribute]
    var group: String?
    var deduplicationID: String?
    var delay: Int?

    static let keyName = "key"
}

struct ReceiveOptions: Sendable {
    var limit = 10
    /// Seconds; `nil` = the queue's.
    var visibilityTimeout: Int?
    var attempt: String?
}

struct VisibilityChange: Sendable {
    let handle: String
    let seconds: Int
}

/// What came of an operation.
enum Answer: Sendable {
    case done
    /// With an error of this code.
    case refused(String)
    /// What became of each message of a send.
    case sent([Sent])
    case received([Sighting])
    /// Of each receipt its error's code; `nil` = done.
    case entries([String?])
    case attributes([String: String])
    /// The store died: it may be done or not.
    case unknown

    struct Sent: Sendable {
        let id: String
        let sequence: String?
    }
}

/// A message as it was received.
struct Sighting: Sendable {
    let key: String
    let handle: String
    let id: String
    /// ApproximateReceiveCount.
    let count: Int
    /// Milliseconds.
    let sent: Int
    let firstReceived: Int
    let sequence: String?
}

/// An operation with its answer, and when it was under way: by a counter that all clients share.
struct Step: Sendable {
    let client: Int
    let operation: Operation
    let answer: Answer
    let began: Int
    let ended: Int
    /// Nobody else was at work, and nothing is under way: then the answer has to be complete.
    var isQuiet = false

    var isUnknown: Bool { if case .unknown = answer { true } else { false } }
}

extension Step: CustomStringConvertible {
    var description: String { "client \(client) [\(began)-\(ended)] \(operation) -> \(answer)" }
}

extension Draft: CustomStringConvertible {
    var description: String { [key, group, deduplicationID].compactMap(\.self).joined(separator: " ") }
}

extension Sighting: CustomStringConvertible {
    var description: String { "\(key)#\(count) \(sequence ?? "")" }
}
