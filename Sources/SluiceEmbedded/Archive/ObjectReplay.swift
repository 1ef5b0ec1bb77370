import GRDB
import Sluice

/// Replays of objects: they are announced again, and Split reads them once more.
extension StoreState {
    /// Announcements of one turn.
    private static let objectsOfOneTurn = 1_000

    /// Announces the next objects of a replay, and stores how far it is.
    /// - Throws: `QueueError.full` when there is no room for them.
    func replayObjects(of number: Int, atMost limit: Int) throws -> ReplayReport {
        var record = try replay(number)
        guard !record.report.isFinished else { return record.report }
        let request = record.report.request
        let queue = try archiveSource(of: request.pipeline).queue
        try checkRoom(in: queue)
        let found = try archivedObjects(
            ArchivedObjectSelection(
                pipeline: request.pipeline, from: request.from, to: request.to, after: record.position),
            limit: min(limit, Self.objectsOfOneTurn))
        let replay = ObjectNotification.Replay(number: number, conditions: request.conditions.ofRecords)
        let awaited = try announcements()
        for object in found {
            record.position = object.number
            if !request.conditions.hold(forObject: object.object.object) {
                record.report.passedOver += 1
            } else if awaited.contains(object.object.object.description) {
                record.report.waiting += 1
            } else {
                try announce(object.object, in: queue, replay: replay)
                record.report.sent += 1
            }
        }
        record.report.isFinished = found.isEmpty
        try put(record)
        return record.report
    }

    /// The objects that a pipeline was told of, whether their bucket has them or not.
    func archivedObjects(_ selection: ArchivedObjectSelection, limit: Int) throws -> [ArchivedObject] {
        let source = try archiveSource(of: selection.pipeline)
        guard let objects = source.queue.record.objects else { return [] }
        var found: [ArchivedObject] = []
        var after = selection.after
        while found.count < limit {
            let rows = try database.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT * FROM object
                        WHERE bucket = ? AND id > ? AND announced AND modified >= ? AND modified < ?
                            AND (?5 IS NULL OR version = ?5)
                        ORDER BY id LIMIT ?
                        """,
                    arguments: [
                        objects.bucket, after, selection.from?.milliseconds ?? Int64.min,
                        selection.to?.milliseconds ?? Int64.max,
                        selection.version.map { $0.split(separator: "@").last.map(String.init) ?? $0 }, limit,
                    ])
            }
            guard let last = rows.last else { break }
            after = try last.decode(forColumn: "id")
            for row in rows {
                let object = try ArchivedObject(row: row)
                let isWanted = selection.version.map { $0 == object.object.object.description } ?? true
                if objects.takes(object.object.object.key), isWanted { found.append(object) }
            }
        }
        return Array(found.prefix(limit))
    }
}

extension ArchivedObject {
    /// A row of `object`.
    init(row: Row) throws {
        let stored = try StoredObject(row: row)
        let isPresent: Bool = try row.decode(forColumn: "present")
        let keep: Int64 = try row.decode(forColumn: "keep")
        self.init(
            number: try row.decode(forColumn: "id"), object: stored, blob: try row.decode(forColumn: "blob"),
            isInBucket: isPresent, expires: isPresent ? nil : stored.modified + .milliseconds(keep))
    }
}
