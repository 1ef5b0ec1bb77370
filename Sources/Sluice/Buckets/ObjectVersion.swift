/// One version of an object: what a notification names, and what records come from. Overwriting a key makes another
/// version.
public struct ObjectVersion: Hashable, Sendable, Codable, CustomStringConvertible {
    public var bucket: String
    /// 1 to 1,024 bytes of UTF-8, as they are: `//`, `.` and `..` mean nothing.
    public var key: String
    /// The version's own id: 32 digits of 0-9 and a-f here, what S3 says there. Never used twice.
    public var version: String

    public init(bucket: String, key: String, version: String) {
        self.bucket = bucket
        self.key = key
        self.version = version
    }

    /// `bucket/key@version`, the beginning of the identity of each of its records.
    public var description: String { "\(bucket)/\(key)@\(version)" }
}

/// An object as it is stored.
public struct StoredObject: Hashable, Sendable, Codable {
    public var object: ObjectVersion
    /// Bytes.
    public var size: Int
    /// The MD5 of the bytes in hexadecimal, without the quotes that S3 puts around it.
    public var etag: String
    public var modified: Timestamp
    /// Later versions of a key have a greater one: compared as text, the shorter padded with zeros on the right.
    public var sequencer: String

    public init(object: ObjectVersion, size: Int, etag: String, modified: Timestamp, sequencer: String) {
        self.object = object
        self.size = size
        self.etag = etag
        self.modified = modified
        self.sequencer = sequencer
    }
}
