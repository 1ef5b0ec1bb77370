import GRDB
import Sluice

/// What buckets hold.
extension StoreState {
    /// - Parameter name: `nil` = all of them.
    /// - Throws: `ControlError.unknown` when there is none of that name.
    func bucketReports(named name: String?) throws -> [BucketReport] {
        let rows = try database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT b.name, count(o.id) AS n, coalesce(sum(o.size), 0) AS bytes
                    FROM bucket b LEFT JOIN object o ON o.bucket = b.name AND o.present
                    WHERE ?1 IS NULL OR b.name = ?1 GROUP BY b.name ORDER BY b.name
                    """, arguments: [name])
        }
        var reports: [BucketReport] = try rows.map { row in
            let name: String = try row.decode(forColumn: "name")
            return BucketReport(
                name: name, objects: try row.decode(forColumn: "n"), bytes: try row.decode(forColumn: "bytes"),
                pipelines: pipelines(reading: name))
        }
        // A bucket that a definition names is there before anything was put into it.
        let named = Set(queues.values.compactMap { $0.record.isRetired == true ? nil : $0.record.objects?.bucket })
        for bucket in named.subtracting(reports.map(\.name)) where name ?? bucket == bucket {
            reports.append(BucketReport(name: bucket, objects: 0, bytes: 0, pipelines: pipelines(reading: bucket)))
        }
        if let name, reports.isEmpty {
            let known = try database.read { try String.fetchAll($0, sql: "SELECT name FROM bucket") } + named
            throw ControlError.unknown("there is no bucket '\(name)'\(NearestName.hint(for: name, among: known))")
        }
        return reports.sorted { $0.name < $1.name }
    }

    private func pipelines(reading bucket: String) -> [String] {
        queues.values.filter { $0.record.objects?.bucket == bucket && $0.record.isRetired != true }
            .compactMap(\.record.pipeline).sorted()
    }

    /// The objects of a bucket, in the order of their keys' bytes.
    func objects(_ selection: ObjectSelection) throws -> [StoredObject] {
        let isNamed = queues.values.contains { $0.record.objects?.bucket == selection.bucket }
        let isThere = try database.read { database in
            try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM bucket WHERE name = ?)", arguments: [selection.bucket])
        }
        // Says which name may be meant.
        if !isNamed, isThere != true { _ = try bucketReports(named: selection.bucket) }
        return try database.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM object
                    WHERE bucket = ? AND present AND key > ? AND key >= ? AND substr(key, 1, length(?3)) = ?3
                    ORDER BY key LIMIT ?
                    """,
                arguments: [
                    selection.bucket, selection.after ?? "", selection.prefix,
                    min(max(1, selection.limit), 1_000),
                ])
            return try rows.map(StoredObject.init(row:))
        }
    }

    /// The blob of a version, whether its bucket has it or it is a raw copy; `nil` = it is not there any more.
    func blob(of object: ObjectVersion) throws -> String? {
        try database.read { database in
            try String.fetchOne(
                database, sql: "SELECT blob FROM object WHERE version = ? AND bucket = ? AND key = ?",
                arguments: [object.version, object.bucket, object.key])
        }
    }
}

extension QueueRecord.ObjectSource {
    /// The bytes of all objects that it was told of and that are kept.
    func keptBytes(_ database: Database) throws -> Int {
        try Int.fetchOne(
            database,
            sql: """
                SELECT coalesce(sum(size), 0) FROM object WHERE bucket = ? AND announced
                    AND substr(key, 1, length(?2)) = ?2 AND (?3 = '' OR substr(key, -length(?3)) = ?3)
                """, arguments: [bucket, prefix, suffix]) ?? 0
    }
}
