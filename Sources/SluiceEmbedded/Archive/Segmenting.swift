import Dispatch
import Foundation
import GRDB
import Logging
import Sluice

/// Moves raw copies that are done with into segments: the chunks of an hour that is over, or of which there are many.
extension EmbeddedArchive {
    /// An hour is over when this has passed since its end: until then what arrived in it may still be in its queue.
    static let grace: Duration = .minutes(1)
    /// Bytes of bodies in one segment: its chunks leave the store in one transaction.
    static let segmentBytes = 16 << 20
    /// As many bytes of an hour that is not over are moved, too.
    static let earlyBytes = 64 << 20
    /// What comes to an hour that has its segment by now waits until there is so much of it, or for so long.
    static let stragglerBytes = 1 << 20
    static let stragglerAge: Duration = .hours(24)

    /// One pass; does nothing while the disk is full.
    /// - Returns: how many segments were made.
    func moveIntoSegments(logger: Logger) async throws -> Int {
        var made = 0
        while !store.reserve.isSpent, let batch = try await nextBatch() {
            guard let segment = try await write(batch) else { break }
            do {
                guard try await store.writer.submit({ try $0.adopt(segment.row, segment.chunks) }) else {
                    // Something of it has expired meanwhile, or nothing is to be kept any more: the next pass looks anew.
                    segment.discard()
                    break
                }
            } catch {
                // Whether it was adopted is not known: the next start looks.
                throw error
            }
            made += 1
            logger.debug(
                "Raw copies have moved into a segment",
                metadata: [
                    "file": "\(segment.row.file)", "bytes": "\(segment.row.bytes)", "stored": "\(segment.row.stored)",
                ])
        }
        return made
    }

    private struct Batch: Sendable {
        let queue: Int64
        let hour: Int64
        let rows: [RawCopyRow]
    }

    private func nextBatch() async throws -> Batch? {
        let now = store.clock.now
        return try await onThread { database in
            for group in try Self.groups(database) where Self.isDue(group, now) {
                let rows = try Self.rows(of: group, database)
                if !rows.isEmpty { return Batch(queue: group.queue, hour: group.hour, rows: rows) }
            }
            return nil
        }
    }

    private struct Group {
        let queue: Int64
        let hour: Int64
        let bytes: Int
        let hasSegment: Bool
    }

    private static let closed = "chunk NOT IN (SELECT chunk FROM chunk_state)"

    private static func groups(_ database: Database) throws -> [Group] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT queue, arrived / 3600000 AS hour, sum(bytes) AS bytes, EXISTS (
                    SELECT 1 FROM segment s WHERE s.queue = a.queue AND s.hour = a.arrived / 3600000) AS moved
                FROM archive a WHERE \(closed) GROUP BY 1, 2 ORDER BY 2
                """
        ).map { row in
            Group(
                queue: try row.decode(forColumn: "queue"), hour: try row.decode(forColumn: "hour"),
                bytes: try row.decode(forColumn: "bytes"), hasSegment: try row.decode(forColumn: "moved"))
        }
    }

    private static func isDue(_ group: Group, _ now: Timestamp) -> Bool {
        let end = Timestamp(milliseconds: (group.hour + 1) * Hour.milliseconds)
        guard now >= end + grace else { return group.bytes >= earlyBytes }
        return !group.hasSegment || group.bytes >= stragglerBytes || now >= end + stragglerAge
    }

    private static func rows(of group: Group, _ database: Database) throws -> [RawCopyRow] {
        let cursor = try Row.fetchCursor(
            database,
            sql: """
                SELECT chunk, arrived, messages, bytes FROM archive
                WHERE queue = ? AND arrived / 3600000 = ? AND \(closed) ORDER BY chunk
                """, arguments: [group.queue, group.hour])
        var rows: [RawCopyRow] = []
        var bytes = 0
        while bytes < segmentBytes, let row = try cursor.next() {
            rows.append(try RawCopyRow(row: row))
            bytes += rows.last?.bytes ?? 0
        }
        return rows
    }

    /// A file that is written, and not adopted yet.
    private struct Written: Sendable {
        let row: SegmentRow
        let chunks: [Int64]
        let folder: String

        func discard() { SegmentFolder(folder: folder).discard(row.file) }
    }

    private func write(_ batch: Batch) async throws -> Written? {
        let folder = store.folder.path
        return try await onThread { database in
            let segments = SegmentFolder(folder: folder)
            guard let first = batch.rows.first else { return nil }
            let name = SegmentFolder.name(queue: batch.queue, hour: batch.hour, first: first.chunk)
            segments.discard(name)
            do {
                let writer = try SegmentWriter(path: segments.partialPath(of: name))
                for row in batch.rows {
                    let stored = try Row.fetchOne(
                        database,
                        sql: """
                            SELECT c.header, b.data, b.checksum IS crc(b.chunk, b.data) AND
                                c.checksum IS crc(c.id, c.queue, c.arrived, c.stood_still, c.header, c.origin) AS whole
                            FROM chunk c JOIN body b ON b.chunk = c.id WHERE c.id = ?
                            """, arguments: [row.chunk])
                    // What has expired meanwhile is left out.
                    guard let stored else { continue }
                    guard try stored.decode(forColumn: "whole") else {
                        throw StoreDatabase.changed(row.chunk, "its headers or bytes are")
                    }
                    let body = Array(try stored.decode(Data.self, forColumn: "data"))
                    try writer.append(row, header: Array(try stored.decode(Data.self, forColumn: "header")), body: body)
                }
                let (index, size) = try writer.finish()
                guard !index.entries.isEmpty else {
                    segments.discard(name)
                    return nil
                }
                try segments.publish(name)
                return Written(
                    row: SegmentRow(file: name, queue: batch.queue, hour: batch.hour, index, stored: size),
                    chunks: index.entries.map(\.row.chunk), folder: folder)
            } catch {
                segments.discard(name)
                throw error
            }
        }
    }

    /// Reads with a connection of its own, beside the writer, on a thread that may block.
    private func onThread<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        let path = store.folder.storePath
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                continuation.resume(
                    with: Result {
                        var configuration = Configuration()
                        configuration.readonly = true
                        configuration.prepareDatabase(RowChecksum.register)
                        return try DatabaseQueue(path: path, configuration: configuration).read(body)
                    })
            }
        }
    }
}

extension StoreState {
    /// Takes over a segment: its chunks leave the store in the transaction that makes it known.
    /// - Returns: false = one of its chunks is not there any more, or no raw copy; nothing was done.
    func adopt(_ segment: SegmentRow, _ moved: [Int64]) throws -> Bool {
        let keep = queues[segment.queue]?.record.archiveKeep
        guard let keep, moved.allSatisfy({ self.chunks[$0] == nil }) else { return false }
        let there = try database.read { database in
            let statement = try database.makeStatement(sql: "SELECT EXISTS (SELECT 1 FROM archive WHERE chunk = ?)")
            return try moved.allSatisfy { try Bool.fetchOne(statement, arguments: [$0]) ?? false }
        }
        guard there else { return false }
        free(segment.bytes - segment.stored, ofArchiveOf: segment.queue)
        let database = database
        execute { connection in
            try segment.insert(expires: segment.newest + keep, into: connection)
            let delete = try connection.makeStatement(sql: "DELETE FROM archive WHERE chunk = ?")
            for chunk in moved {
                try delete.execute(arguments: [chunk])
                try database.deleteChunk(chunk)
            }
        }
        return true
    }

    /// Deletes segments whose time is over, but for those that a replay still refers to.
    func expireSegments() throws {
        let due = try database.read { connection in
            try Row.fetchAll(
                connection,
                sql: """
                    SELECT * FROM segment s WHERE expires <= ? AND NOT EXISTS (
                        SELECT 1 FROM chunk WHERE origin >= s.first AND origin <= s.last)
                    """, arguments: [now.milliseconds]
            ).map(SegmentRow.init(row:))
        }
        guard !due.isEmpty else { return }
        for segment in due {
            free(segment.stored, ofArchiveOf: segment.queue)
            freedSegments.append(segment.file)
        }
        execute { connection in
            for segment in due {
                try connection.execute(sql: "DELETE FROM segment WHERE file = ?", arguments: [segment.file])
            }
        }
        // What was copied from lies in free pages.
        freedRawCopies = true
    }

    /// After a commit: the files of segments that no row knows any more. One that a crash leaves goes at the next start.
    func removeFreedSegments() throws {
        for file in freedSegments { try database.segments.remove(file) }
        freedSegments.removeAll()
    }

    /// Once after a start: files that no row knows were being written when the process ended.
    func sweepSegments() throws {
        let known = Set(try database.segments(ofQueue: nil).map(\.file))
        for name in try database.segments.names() where !known.contains(name) { try database.segments.remove(name) }
    }
}
