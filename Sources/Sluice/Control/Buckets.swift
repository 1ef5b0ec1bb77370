/// What commands ask of an engine about buckets and the objects in them.
public protocol BucketControl: Sendable {
    /// Puts objects into their buckets, all or none, in the order given, and announces each to the pipelines that read
    /// the bucket. A bucket that nobody defined is made. When a pipeline has no room for another object it waits for
    /// room. Not to be repeated after an error whose outcome is not known: each put makes another version.
    /// - Parameter uploads: their bytes lie in the data folder by now, and belong to the engine from here on.
    /// - Throws: `ControlError.refused` for a name that a bucket or an object cannot have.
    func put(_ uploads: [ObjectUpload]) async throws -> [StoredObject]

    /// All buckets, or the one of this name.
    /// - Throws: `ControlError.unknown` when there is none of that name.
    func buckets(named name: String?) async throws -> [BucketReport]

    /// The objects of a bucket, in the order of their keys' bytes, a page at a time.
    /// - Throws: `ControlError.unknown` when there is no such bucket.
    func objects(_ selection: ObjectSelection) async throws -> [StoredObject]
}

/// An object whose bytes lie in the data folder, and that is to be put into its bucket.
public struct ObjectUpload: Sendable, Hashable, Codable {
    public var bucket: String
    public var key: String
    /// The name of the file with its bytes, among the folder's uploads.
    public var file: String
    /// Bytes.
    public var size: Int
    /// The MD5 of the bytes in hexadecimal.
    public var etag: String
    /// The SHA-256 of the bytes in hexadecimal: what they are stored under.
    public var blob: String

    public init(bucket: String, key: String, file: String, size: Int, etag: String, blob: String) {
        self.bucket = bucket
        self.key = key
        self.file = file
        self.size = size
        self.etag = etag
        self.blob = blob
    }
}

/// A bucket at one moment.
public struct BucketReport: Sendable, Hashable, Codable {
    public var name: String
    /// Objects that are in it now, and their bytes.
    public var objects: Int
    public var bytes: Int
    /// The pipelines that are told of what is put into it.
    public var pipelines: [String]

    public init(name: String, objects: Int, bytes: Int, pipelines: [String]) {
        self.name = name
        self.objects = objects
        self.bytes = bytes
        self.pipelines = pipelines
    }
}

/// Which objects of a bucket are asked for.
public struct ObjectSelection: Sendable, Hashable, Codable {
    public var bucket: String
    public var prefix: String
    /// The key behind which to go on; `nil` = from the first one.
    public var after: String?
    /// How many at most. 1 to 1,000.
    public var limit: Int

    public init(bucket: String, prefix: String = "", after: String? = nil, limit: Int = 1_000) {
        self.bucket = bucket
        self.prefix = prefix
        self.after = after
        self.limit = limit
    }
}
