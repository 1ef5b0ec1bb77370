import Foundation
import GRDB
import Sluice

/// What is kept of what has arrived.
extension StoreState {
    /// - Throws: `ControlError.unknown` for a pipeline that is not there.
    func archiveHours(pipeline name: String?) throws -> [ArchiveHour] {
        if let name { _ = try steps(pipeline: name, step: nil) }
        let names = name.map { [$0] } ?? pipelines.keys.sorted()
        return try names.flatMap { name -> [ArchiveHour] in
            let own = queues.values.filter { $0.record.pipeline == name && $0.record.isRetired != true }
            let intake = own.filter { $0.record.role == .intake }.map(\.id)
            return try intake.flatMap { try messageHours(of: $0, pipeline: name) }
                + own.compactMap(\.record.objects).flatMap { try objectHours(of: $0, pipeline: name) }
        }
    }

    private func messageHours(of queue: Int64, pipeline: String) throws -> [ArchiveHour] {
        var hours = Dictionary(
            uniqueKeysWithValues: try hoursInTheStore(of: queue, pipeline: pipeline).map { ($0.hour, $0) })
        let keep = queues[queue]?.record.archiveKeep ?? .zero
        for segment in try database.segments(ofQueue: queue) {
            let hour = Timestamp(milliseconds: segment.hour * Hour.milliseconds)
            var sum =
                hours[hour]
                ?? ArchiveHour(
                    pipeline: pipeline, kind: .messages, hour: hour, count: 0, bytes: 0, storedBytes: 0, expires: nil)
            sum.count += segment.messages
            sum.bytes += segment.bytes
            sum.storedBytes += segment.stored
            sum.expires = max(sum.expires ?? segment.newest + keep, segment.newest + keep)
            hours[hour] = sum
        }
        return hours.values.sorted { $0.hour < $1.hour }
    }

    private func hoursInTheStore(of queue: Int64, pipeline: String) throws -> [ArchiveHour] {
        try database.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT arrived / 3600000 AS hour, sum(messages) AS n, sum(bytes) AS bytes, max(expires) AS expires
                    FROM archive WHERE queue = ? GROUP BY 1 ORDER BY 1
                    """, arguments: [queue])
            return try rows.map { row in
                let hour: Int64 = try row.decode(forColumn: "hour")
                let bytes: Int = try row.decode(forColumn: "bytes")
                return ArchiveHour(
                    pipeline: pipeline, kind: .messages, hour: Timestamp(milliseconds: hour * 3_600_000),
                    count: try row.decode(forColumn: "n"), bytes: bytes, storedBytes: bytes,
                    expires: try Timestamp(stored: row.decode(forColumn: "expires")))
            }
        }
    }

    private func objectHours(of source: QueueRecord.ObjectSource, pipeline: String) throws -> [ArchiveHour] {
        try database.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT modified / 3600000 AS hour, count(*) AS n, sum(size) AS bytes,
                        max(present) AS present, max(modified + keep) AS expires
                    FROM object WHERE bucket = ? AND announced AND substr(key, 1, length(?2)) = ?2
                        AND (?3 = '' OR substr(key, -length(?3)) = ?3)
                    GROUP BY 1 ORDER BY 1
                    """, arguments: [source.bucket, source.prefix, source.suffix])
            return try rows.map { row in
                let hour: Int64 = try row.decode(forColumn: "hour")
                let bytes: Int = try row.decode(forColumn: "bytes")
                let isPresent: Bool = try row.decode(forColumn: "present")
                return ArchiveHour(
                    pipeline: pipeline, kind: .objects, hour: Timestamp(milliseconds: hour * 3_600_000),
                    count: try row.decode(forColumn: "n"), bytes: bytes, storedBytes: bytes,
                    expires: isPresent ? nil : try Timestamp(stored: row.decode(forColumn: "expires")))
            }
        }
    }

    // MARK: Messages

    /// A page ends after so many chunks or bytes, whatever was found in them.
    private static let mostOfPage = (chunks: 64, copies: 1_000, bytes: 1 << 20)

    func rawCopies(_ selection: RawCopySelection) throws -> RawCopyPage {
        let source = try archiveSource(of: selection.pipeline)
        guard source.kind == .messages else { return RawCopyPage(copies: [], next: nil) }
        let keep = source.queue.record.archiveKeep ?? .zero
        var reader = RawCopyReader(selection: selection, keep: keep, limits: Self.mostOfPage)
        // The chunk in which the page before ended is looked at once more.
        let rows = try database.rawCopies(
            ofQueue: source.queue.id, after: (selection.after?.chunk ?? 0) - 1, limit: Self.mostOfPage.chunks)
        for row in rows {
            if let to = selection.to, row.arrived >= to { return RawCopyPage(copies: reader.copies, next: nil) }
            if let from = selection.from, row.arrived < from { continue }
            let isGone = { (index: Int) in self.chunks[row.chunk].map { $0.states[index].status == .gone } ?? true }
            if try !reader.read(row, content(of: row.chunk), isGone: isGone) {
                return RawCopyPage(copies: reader.copies, next: reader.last)
            }
        }
        guard rows.count == Self.mostOfPage.chunks, let last = rows.last else {
            return RawCopyPage(copies: reader.copies, next: nil)
        }
        return RawCopyPage(copies: reader.copies, next: RawCopyPlace(chunk: last.chunk, index: last.messages - 1))
    }
}

/// Collects the raw copies of a page.
private struct RawCopyReader {
    let selection: RawCopySelection
    let keep: Duration
    let limits: (chunks: Int, copies: Int, bytes: Int)
    private(set) var copies: [RawCopy] = []
    /// The last that was looked at.
    private(set) var last: RawCopyPlace?
    private var bytes = 0

    init(selection: RawCopySelection, keep: Duration, limits: (chunks: Int, copies: Int, bytes: Int)) {
        self.selection = selection
        self.keep = keep
        self.limits = limits
    }

    /// - Returns: false = the page is full.
    mutating func read(_ row: RawCopyRow, _ content: ChunkContent, isGone: (Int) -> Bool) throws -> Bool {
        let text = selection.text.map { Array($0.utf8) }
        for index in 0..<content.count {
            if let after = selection.after, row.chunk == after.chunk, index <= after.index { continue }
            let header = try content.header(at: index)
            let body = content.body(at: index)
            if header.death == nil, isWanted(header, body, text) {
                if !copies.isEmpty, copies.count == limits.copies || bytes + body.count > limits.bytes { return false }
                bytes += body.count
                copies.append(
                    RawCopy(
                        identity: header.lineage.identity, name: header.lineage.name, group: header.lineage.group,
                        received: header.lineage.received, isWaiting: !isGone(index), expires: row.arrived + keep,
                        body: Array(body)))
            }
            last = RawCopyPlace(chunk: row.chunk, index: index)
        }
        return true
    }

    private func isWanted(_ header: MessageHeader, _ body: Bytes, _ text: [UInt8]?) -> Bool {
        if let identity = selection.identity, header.lineage.identity.raw != identity.raw { return false }
        if let name = selection.name, header.lineage.name != name { return false }
        if let text, !body.contains(text) { return false }
        return selection.conditions.hold(for: body) && selection.conditions.hold(forObject: nil)
    }
}

extension Bytes {
    fileprivate func contains(_ text: [UInt8]) -> Bool {
        guard let first = text.first else { return true }
        var rest = self
        while rest.count >= text.count, let start = rest.firstIndex(of: first) {
            rest = rest[start...]
            if rest.starts(with: text) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
