/// How far an object has been read.
public struct SourcePosition: Hashable, Sendable, Codable {
    /// Where the rest begins, in bytes of the decompressed text.
    public var offset: Int64
    /// The number of the next record, from 0, broken ones counted too.
    public var number: Int64
    /// The line that the rest begins in, from 1.
    public var line: Int64

    public init(offset: Int64, number: Int64, line: Int64) {
        self.offset = offset
        self.number = number
        self.line = line
    }

    public static let beginning = SourcePosition(offset: 0, number: 0, line: 1)
}

/// A record as it stands in an object.
public struct SplitRecord: Hashable, Sendable {
    public var body: Bytes
    /// Its number among the object's records, from 0.
    public var number: Int64
    /// Its first byte in the decompressed text.
    public var offset: Int64
    /// The line it begins in, from 1.
    public var line: Int64

    public init(body: Bytes, number: Int64, offset: Int64, line: Int64) {
        self.body = body
        self.number = number
        self.offset = offset
        self.line = line
    }
}

/// A part of an object that is no record.
public struct BrokenRecord: Hashable, Sendable {
    public var number: Int64
    public var offset: Int64
    public var line: Int64
    /// What is wrong, for people.
    public var reason: String
    /// `not-json`, `csv`, `too-large`, `encoding`, `truncated`, `compression`.
    public var type: String
    /// The beginning of it, at most `longest` bytes.
    public var bytes: Bytes

    public static let longest = 64 << 10

    public init(number: Int64, offset: Int64, line: Int64, reason: String, type: String, bytes: Bytes) {
        self.number = number
        self.offset = offset
        self.line = line
        self.reason = reason
        self.type = type
        self.bytes = bytes
    }
}

/// What was read of an object at once.
public struct SplitBatch: Hashable, Sendable {
    public var records: [SplitRecord]
    public var broken: [BrokenRecord]
    /// Behind the last of them.
    public var position: SourcePosition
    /// Nothing is left.
    public var isAtEnd: Bool

    public init(
        records: [SplitRecord] = [], broken: [BrokenRecord] = [], position: SourcePosition, isAtEnd: Bool
    ) {
        self.records = records
        self.broken = broken
        self.position = position
        self.isAtEnd = isAtEnd
    }
}
