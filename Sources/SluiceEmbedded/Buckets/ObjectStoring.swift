import Foundation
import GRDB
import Sluice

/// Putting objects into buckets, and telling the pipelines that read them.
extension StoreState {
    /// Puts objects whose bytes are in place into their buckets, in order. An object of the same key is overwritten; its
    /// bytes stay as a raw copy. Each is announced to the pipelines that read the bucket, in the same transaction.
    /// - Throws: `QueueError.full`, `.archiveFull` when a pipeline has no room for one more; then nothing is put.
    func put(_ uploads: [ObjectUpload]) throws -> [StoredObject] {
        let readers = uploads.map { self.readers(of: $0.bucket, $0.key) }
        for queue in readers.flatMap(\.self) where queue.depth.messages >= queue.record.settings.capacity {
            throw QueueError.full(queue: queue.name, capacity: queue.record.settings.capacity)
        }
        for queue in readers.flatMap(\.self) { try queue.checkArchive() }
        return try zip(uploads, readers).map { upload, readers in
            let stored = add(upload, readers: readers)
            for queue in readers { queue.archivedBytes += stored.size }
            for queue in readers { try announce(stored, in: queue) }
            return stored
        }
    }

    /// The queues of the sources that are told of an object. One whose claim is not over finds it by itself.
    private func readers(of bucket: String, _ key: String) -> [QueueState] {
        queues.values.filter { queue in
            guard let source = queue.record.objects, queue.record.isRetired != true, source.isClaimed else {
                return false
            }
            return source.bucket == bucket && source.takes(key)
        }.sorted { $0.id < $1.id }
    }

    private func add(_ upload: ObjectUpload, readers: [QueueState]) -> StoredObject {
        let number = nextObject
        nextObject += 1
        objectsOfTurn += 1
        let version = ids.id()
        let stored = StoredObject(
            object: ObjectVersion(bucket: upload.bucket, key: upload.key, version: version.digits),
            size: upload.size, etag: upload.etag, modified: now, sequencer: Self.sequencer(number))
        let keep =
            queues.values.filter { $0.record.objects?.bucket == upload.bucket }
            .compactMap { $0.record.objects?.keep.milliseconds }.max() ?? 0
        let isAnnounced = !readers.isEmpty
        execute { database in
            try database.execute(
                sql: "INSERT OR IGNORE INTO bucket VALUES (?)", arguments: [upload.bucket])
            try database.execute(
                sql: "UPDATE object SET present = 0 WHERE bucket = ? AND key = ? AND present",
                arguments: [upload.bucket, upload.key])
            try database.execute(
                sql: "INSERT INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)",
                arguments: [
                    number, upload.bucket, upload.key, stored.object.version, upload.size, upload.etag,
                    stored.modified.milliseconds, upload.blob, isAnnounced, keep,
                ])
        }
        return stored
    }

    /// - Parameter replay: which announces it once more.
    func announce(_ stored: StoredObject, in queue: QueueState, replay: ObjectNotification.Replay? = nil) throws {
        let body = ObjectNotification(stored, replay: replay).body
        let announced = RecordIdentity(of: stored.object)
        // Objects of a FIFO pipeline are split one at a time, in order.
        let lineage = Lineage(
            identity: replay.map { announced.replayed(by: $0.number) } ?? announced,
            group: queue.isFIFO ? Self.groupOfObjects : nil, received: now)
        let header = MessageHeader(id: ids.id(), bodyLength: body.count, sent: now, lineage: lineage)
        try append(header, body: body, to: queue)
        ledger.add(LedgerBook.account(ofQueue: queue.id), replay == nil ? .sent : .replayed)
    }

    private static let groupOfObjects = "objects"

    /// Sixteen hexadecimal digits, so that texts compare as numbers do.
    static func sequencer(_ number: Int64) -> String {
        let digits = String(number, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits
    }

    // MARK: Claiming

    /// Announces the next objects that were in the bucket before its source was defined, in the order in which they
    /// were put. A kill in between goes on where it was.
    /// - Returns: whether there may be more.
    func claimNextObjects(of name: String) throws -> Bool {
        let queue = try queue(named: name)
        var record = queue.record
        guard var source = record.objects, !source.isClaimed else { return false }
        // What this very turn puts into the bucket is not in the file yet.
        guard objectsOfTurn == 0 else { return true }
        let found = try unclaimed(source)
        for (_, stored) in found where source.takes(stored.object.key) { try announce(stored, in: queue) }
        if let last = found.last {
            let first = source.claimedThrough
            source.claimedThrough = last.number
            let bucket = source.bucket
            let numbers = found.filter { source.takes($0.stored.object.key) }.map(\.number)
            execute { database in
                let mark = try database.makeStatement(sql: "UPDATE object SET announced = 1 WHERE id = ?")
                for number in numbers { try mark.execute(arguments: [number]) }
                try database.execute(
                    sql: "UPDATE object SET keep = max(keep, ?) WHERE bucket = ? AND id > ? AND id <= ?",
                    arguments: [source.keep.milliseconds, bucket, first, last.number])
            }
        } else {
            source.isClaimed = true
        }
        record.objects = source
        try update(queue, to: record)
        try recountArchive(of: queue)
        return !source.isClaimed
    }

    /// The objects that are its own may be others by now.
    func recountArchive(of queue: QueueState) throws {
        guard let source = queue.record.objects, queue.record.archiveMaxSize != nil else { return }
        queue.archivedBytes = try database.read { try source.keptBytes($0) }
        changedQueues.insert(queue.id)
    }

    private func unclaimed(_ source: QueueRecord.ObjectSource) throws -> [(number: Int64, stored: StoredObject)] {
        try database.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM object
                    WHERE bucket = ? AND present AND id > ? AND (? OR NOT announced OR id >= ?) ORDER BY id LIMIT ?
                    """,
                arguments: [
                    source.bucket, source.claimedThrough, source.backfill, source.definedAt, Self.objectsOfOneClaim,
                ])
            return try rows.map { (try $0.decode(forColumn: "id"), try StoredObject(row: $0)) }
        }
    }

    private static let objectsOfOneClaim = 1_000
}

extension StoredObject {
    /// A row of `object`.
    init(row: Row) throws {
        let object = ObjectVersion(
            bucket: try row.decode(forColumn: "bucket"), key: try row.decode(forColumn: "key"),
            version: try row.decode(forColumn: "version"))
        let size: Int = try row.decode(forColumn: "size")
        guard size >= 0 else { throw StoreDamage("the object '\(object)' has \(size) bytes") }
        self.init(
            object: object, size: size, etag: try row.decode(forColumn: "etag"),
            modified: try Timestamp(stored: row.decode(forColumn: "modified")),
            sequencer: StoreState.sequencer(try row.decode(forColumn: "id")))
    }
}

extension MessageID {
    /// 32 hexadecimal digits.
    fileprivate var digits: String {
        [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }
}
