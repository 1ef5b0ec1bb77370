import GRDB
import Sluice

/// Deleting objects that no bucket has any more, when their time as raw copies is over.
extension StoreState {
    /// Raw copies that one turn deletes at most.
    private static let mostExpiredObjects = 256

    /// - Returns: whether more may be due.
    func expireObjects() throws -> Bool {
        let due = try database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT id, bucket, key, version, blob, size FROM object WHERE NOT present AND modified + keep <= ?
                    ORDER BY modified + keep LIMIT ?
                    """, arguments: [now.milliseconds, Self.mostExpiredObjects])
        }
        guard !due.isEmpty else { return false }
        let awaited = Set(try announcements().map { RecordIdentity($0).announcedObject })
        var expired: [(id: Int64, blob: String, version: ObjectVersion)] = []
        for row in due {
            let object = ObjectVersion(
                bucket: try row.decode(forColumn: "bucket"), key: try row.decode(forColumn: "key"),
                version: try row.decode(forColumn: "version"))
            if awaited.contains(object.description) { continue }
            freeArchive(of: object, try row.decode(forColumn: "size"))
            expired.append((try row.decode(forColumn: "id"), try row.decode(forColumn: "blob"), object))
        }
        guard !expired.isEmpty else { return false }
        execute { database in
            let delete = try database.makeStatement(sql: "DELETE FROM object WHERE id = ?")
            for object in expired { try delete.execute(arguments: [object.id]) }
        }
        for object in expired { forgetPositions(of: object.version) }
        freedBlobs.formUnion(expired.map(\.blob))
        return due.count == Self.mostExpiredObjects
    }

    private func freeArchive(of object: ObjectVersion, _ size: Int) {
        for queue in queues.values {
            guard let source = queue.record.objects, source.bucket == object.bucket, source.takes(object.key) else {
                continue
            }
            queue.archivedBytes = max(0, queue.archivedBytes - size)
            changedQueues.insert(queue.id)
        }
    }

    /// Of objects whose message was taken out before they were read to their end.
    private func forgetPositions(of object: ObjectVersion) {
        for (queue, name) in positions.forget(object.description) {
            execute { try SplitPositions.write(nil, of: name, in: queue, $0) }
        }
    }

    /// The identities of messages that announce objects, for the first time or for a replay: these are read, or may be
    /// redriven.
    func announcements() throws -> Set<String> {
        let announcing = queues.values.filter { $0.record.objects != nil }
        let dead = announcing.compactMap(deadLetterQueue(of:))
        var objects: Set<String> = []
        for id in (announcing + dead).flatMap(\.chunks) {
            guard let chunk = chunks[id] else { continue }
            let content = try content(of: id)
            for index in 0..<chunk.count where chunk.states[index].status != .gone {
                objects.insert(try content.header(at: index).lineage.identity.text)
            }
        }
        return objects
    }

    /// After a commit: the bytes go that no object has any more.
    func removeFreedBlobs() throws {
        guard !freedBlobs.isEmpty else { return }
        for blob in freedBlobs.subtracting(try used(freedBlobs)) { blobs.remove(blob) }
        freedBlobs.removeAll()
    }

    /// Once after a start: what a crash has left of objects that were being put.
    func sweepBlobs() throws {
        try database.read { database in
            try blobs.sweep { try Self.isUsed(blob: $0, database) }
        }
    }

    /// Those of them that an object has.
    func used(_ blobs: Set<String>) throws -> Set<String> {
        try database.read { database in try blobs.filter { try Self.isUsed(blob: $0, database) } }
    }

    private static func isUsed(blob: String, _ database: Database) throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM object WHERE blob = ?)", arguments: [blob])
            ?? false
    }
}
