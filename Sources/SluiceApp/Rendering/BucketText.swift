import Sluice

/// The screens of `bucket ls` and `bucket show`.
struct BucketText {
    let time: TimeText

    func table(_ buckets: [BucketReport]) -> [String] {
        var table = TextTable([
            .init(title: "BUCKET"), .init(title: "OBJECTS", alignment: .right),
            .init(title: "SIZE", alignment: .right), .init(title: "READ BY"),
        ])
        for bucket in buckets {
            table.rows.append([
                bucket.name, Numbers.grouped(bucket.objects), Numbers.bytes(bucket.bytes), Self.readers(of: bucket),
            ])
        }
        return table.lines
    }

    /// A page of objects; the columns are those of `aws s3 ls`.
    func print(_ objects: [StoredObject], _ context: CommandContext, isFirst: Bool) {
        if context.json { return context.print(documents: objects.map(ObjectDocument.init)) }
        if isFirst, objects.isEmpty { return context.note("no objects") }
        context.print(
            objects.map { object in
                let size = Numbers.grouped(object.size)
                let padding = String(repeating: " ", count: max(0, 15 - size.count))
                return "\(time.full(object.modified))\(padding)\(size)  \(SafeText.line(object.object.key))"
            })
    }

    func lines(of bucket: BucketReport) -> [String] {
        [
            bucket.name, "objects  \(Numbers.grouped(bucket.objects)), \(Numbers.bytes(bucket.bytes))",
            "read by  \(Self.readers(of: bucket))",
        ]
    }

    func lines(of object: StoredObject) -> [String] {
        [
            SafeText.line("\(object.object.bucket)/\(object.object.key)"),
            "size      \(Numbers.grouped(object.size)) bytes", "modified  \(time.full(object.modified))",
            "ETag      \"\(object.etag)\"", "version   \(object.object.version)",
        ]
    }

    private static func readers(of bucket: BucketReport) -> String {
        bucket.pipelines.isEmpty ? "nobody yet" : bucket.pipelines.joined(separator: ", ")
    }
}

struct BucketDocument: Encodable {
    var bucket: String
    var objects: Int
    var bytes: Int
    var pipelines: [String]

    init(_ report: BucketReport) {
        bucket = report.name
        objects = report.objects
        bytes = report.bytes
        pipelines = report.pipelines
    }
}

struct ObjectDocument: Encodable {
    var bucket: String
    var key: String
    var versionId: String
    var size: Int
    var etag: String
    var modified: String

    init(_ object: StoredObject) {
        bucket = object.object.bucket
        key = object.object.key
        versionId = object.object.version
        size = object.size
        etag = object.etag
        modified = TimeText.rfc3339(object.modified)
    }
}
