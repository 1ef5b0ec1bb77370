import Foundation
import Sluice

/// The screens of `archive ls` and `archive show`.
struct ArchiveText {
    let time: TimeText

    func table(_ hours: [ArchiveHour]) -> [String] {
        let several = Set(hours.map(\.pipeline)).count > 1
        var table = TextTable(
            (several ? [.init(title: "PIPELINE")] : [])
                + [
                    .init(title: "HOUR"), .init(title: "COUNT", alignment: .right), .init(title: "OF"),
                    .init(title: "BYTES", alignment: .right), .init(title: "ON DISK", alignment: .right),
                    .init(title: "DELETED"),
                ])
        for hour in hours {
            table.rows.append(
                (several ? [hour.pipeline] : [])
                    + [
                        time.full(hour.hour), Numbers.grouped(hour.count), hour.kind.rawValue,
                        Numbers.bytes(hour.bytes), Numbers.bytes(hour.storedBytes),
                        hour.expires.map(time.full) ?? "in the bucket",
                    ])
        }
        return table.lines
    }

    func lines(of copy: RawCopy) -> [String] {
        var lines = [
            "record    \(SafeText.line(copy.identity.text))" + (copy.name.map { "  (\(SafeText.line($0)))" } ?? "")
        ]
        if let group = copy.group { lines.append("group     \(SafeText.line(group))") }
        lines += [
            "received  \(time.full(copy.received))" + (copy.isWaiting ? ", still in its queue" : ""),
            "deleted   \(time.full(copy.expires))", "body      \(Numbers.bytes(copy.body.count))",
        ]
        lines += SafeText.body(copy.body).split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        return lines
    }

    /// - Parameter path: of the file with its bytes.
    func lines(of object: ArchivedObject, path: String) -> [String] {
        [
            "object    \(SafeText.line(object.object.object.description))",
            "put       \(time.full(object.object.modified)), \(Numbers.grouped(object.object.size)) bytes",
            "state     " + (object.isInBucket ? "in its bucket" : "overwritten; kept as a raw copy"),
        ] + (object.expires.map { ["deleted   \(time.full($0))"] } ?? []) + ["bytes     \(path)"]
    }
}

struct ArchiveHourDocument: Encodable {
    var pipeline: String
    var kind: String
    var hour: String
    var count: Int
    var bytes: Int
    var storedBytes: Int
    var deleted: String?

    init(_ hour: ArchiveHour) {
        pipeline = hour.pipeline
        kind = hour.kind.rawValue
        self.hour = TimeText.rfc3339(hour.hour)
        count = hour.count
        bytes = hour.bytes
        storedBytes = hour.storedBytes
        deleted = hour.expires.map(TimeText.rfc3339)
    }
}

struct RawCopyDocument: Encodable {
    var record: String
    var name: String?
    var group: String?
    var received: String
    var waiting: Bool
    var deleted: String
    var bodyText: String?
    var body: String?

    init(_ copy: RawCopy) {
        record = copy.identity.text
        name = copy.name
        group = copy.group
        received = TimeText.rfc3339(copy.received)
        waiting = copy.isWaiting
        deleted = TimeText.rfc3339(copy.expires)
        bodyText = String(validating: copy.body, as: UTF8.self)
        body = bodyText == nil ? Data(copy.body).base64EncodedString() : nil
    }
}

struct ArchivedObjectDocument: Encodable {
    var bucket: String
    var key: String
    var versionId: String
    var size: Int
    var put: String
    var inBucket: Bool
    var deleted: String?
    var sha256: String

    init(_ object: ArchivedObject) {
        bucket = object.object.object.bucket
        key = object.object.object.key
        versionId = object.object.object.version
        size = object.object.size
        put = TimeText.rfc3339(object.object.modified)
        inBucket = object.isInBucket
        deleted = object.expires.map(TimeText.rfc3339)
        sha256 = object.blob
    }
}
