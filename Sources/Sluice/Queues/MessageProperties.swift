/// What the sender of a message gave it beside its body, kept for whoever receives it.
public struct MessageProperties: Hashable, Sendable {
    /// At most ten, each name once; in no particular order.
    public var attributes: [MessageAttribute]
    /// AWSTraceHeader: an X-Ray trace that the message belongs to.
    public var traceHeader: String?
    /// Who sent it, as the server knows it: an access key id; `nil` = not known.
    public var sender: String?

    public init(attributes: [MessageAttribute] = [], traceHeader: String? = nil, sender: String? = nil) {
        self.attributes = attributes
        self.traceHeader = traceHeader
        self.sender = sender
    }

    public var isEmpty: Bool { attributes.isEmpty && traceHeader == nil && sender == nil }
}

/// A message attribute: a named value beside the body.
public struct MessageAttribute: Hashable, Sendable {
    public enum Value: Hashable, Sendable {
        /// Of the types String and Number: UTF-8.
        case text(Bytes)
        case binary(Bytes)
    }

    public var name: String
    /// `String`, `Number` or `Binary`, and a label of the sender's behind a dot: `Number.int`.
    public var type: String
    public var value: Value

    public init(name: String, type: String, value: Value) {
        self.name = name
        self.type = type
        self.value = value
    }

    public var bytes: Bytes {
        switch value {
        case .text(let bytes), .binary(let bytes): bytes
        }
    }

    /// What it adds to the size of its message.
    public var size: Int { name.utf8.count + type.utf8.count + bytes.count }
}

/// A message's place in its FIFO queue: a later one of a group has a higher number; numbers in between may be missing.
public struct SequenceNumber: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let value: UInt64

    public init(_ value: UInt64) { self.value = value }

    public static func < (left: SequenceNumber, right: SequenceNumber) -> Bool { left.value < right.value }

    /// Twenty digits, as SQS writes it.
    public var description: String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
    }
}
