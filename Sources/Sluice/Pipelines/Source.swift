/// Where records come from: one of a queue and a bucket.
public struct Source: Hashable, Sendable {
    /// The source in ledger and cursor. `[a-z0-9-]{1,20}`; `nil` = named after its kind (`queue`, `bucket`).
    public var name: String?
    /// A queue of this name, created here: it *is* the pipeline's intake queue.
    public var queue: String?
    /// A bucket: each object that is created in it is split into records.
    public var bucket: String?
    /// Only objects whose keys begin and end so. UTF-8 bytes, compared as they are.
    public var prefix: String
    public var suffix: String
    /// Objects that are in the bucket when this pipeline first names it: true = all of them; false = those that no
    /// pipeline was told of.
    public var backfill: Bool
    /// What a record is in an object.
    public var format: ObjectFormat
    public var compression: ObjectCompression
    public var csv: CSVOptions

    /// - Parameter queue: `[A-Za-z0-9_-]`, up to 80 characters with `-dlq` and `.fifo`, which are added where they
    ///   are needed.
    public static func queue(_ queue: String, name: String? = nil) -> Source {
        var source = Source()
        source.name = name
        source.queue = queue
        return source
    }

    /// - Parameters:
    ///   - bucket: 3 to 63 of `[a-z0-9.-]`.
    ///   - format: `auto` = by the object's name, then by its first bytes.
    public static func bucket(
        _ bucket: String, name: String? = nil, prefix: String = "", suffix: String = "", backfill: Bool = false,
        format: ObjectFormat = .auto, compression: ObjectCompression = .auto, csv: CSVOptions = CSVOptions()
    ) -> Source {
        var source = Source()
        source.name = name
        source.bucket = bucket
        source.prefix = prefix
        source.suffix = suffix
        source.backfill = backfill
        source.format = format
        source.compression = compression
        source.csv = csv
        return source
    }

    /// Nothing to read from yet: what the keys of a definition are read onto.
    init() {
        prefix = ""
        suffix = ""
        backfill = false
        format = .auto
        compression = .auto
        csv = CSVOptions()
    }
}

extension Source {
    public enum Kind: String, Hashable, Sendable { case queue, bucket }

    /// A checked definition has one of them.
    public var kind: Kind { bucket == nil ? .queue : .bucket }

    public var effectiveName: String { name ?? kind.rawValue }
}
