import Foundation
import GRDB
import Sluice

/// What the data folder knows of a replay.
struct ReplayRecord: Codable, Hashable {
    var report: ReplayReport
    /// The number of the last raw copy (a chunk, or an object) that is done with.
    var position: Int64 = 0
    /// Of the messages of a chunk that was begun, those that are done with.
    var place = 0
    var begunChunk: Int64 = 0
    var begun: Timestamp

    static func read(_ number: Int, _ database: Database) throws -> ReplayRecord? {
        let json = try String.fetchOne(
            database, sql: "SELECT record FROM replay WHERE number = ?", arguments: [number])
        return try json.map(decode)
    }

    static func decode(_ json: String) throws -> ReplayRecord {
        do {
            return try JSONDecoder().decode(ReplayRecord.self, from: Data(json.utf8))
        } catch {
            throw StoreDamage("the record of a replay cannot be read: \(error)")
        }
    }
}

extension StoreState {
    /// - Throws: `ControlError.unknown`, `.refused`.
    func beginReplay(_ request: ReplayRequest) throws -> ReplayReport {
        let source = try archiveSource(of: request.pipeline)
        let last = try database.read {
            try Int.fetchOne($0, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'replay'")
        }
        let number = max(lastReplay, last ?? 0) + 1
        lastReplay = number
        let record = ReplayRecord(
            report: ReplayReport(number: number, request: request, kind: source.kind), begun: now)
        try put(record)
        return record.report
    }

    /// - Throws: as `beginReplay`.
    func estimate(_ request: ReplayRequest) throws -> ReplayEstimate {
        let source = try archiveSource(of: request.pipeline)
        var estimate = ReplayEstimate(kind: source.kind, count: 0, bytes: 0, first: nil, last: nil)
        func add(_ count: Int, _ bytes: Int, _ time: Timestamp) {
            estimate.count += count
            estimate.bytes += bytes
            estimate.first = estimate.first ?? time
            estimate.last = time
        }
        var after: Int64 = 0
        while source.kind == .messages {
            let rows = try database.rawCopies(ofQueue: source.queue.id, after: after, limit: 10_000)
            for row in rows where row.arrived >= request.from && row.arrived < request.to {
                add(row.messages, row.bytes, row.arrived)
            }
            guard let last = rows.last else { return estimate }
            after = last.chunk
        }
        let selection = ArchivedObjectSelection(pipeline: request.pipeline, from: request.from, to: request.to)
        for object in try archivedObjects(selection, limit: .max)
        where request.conditions.hold(forObject: object.object.object) {
            add(1, object.object.size, object.object.modified)
        }
        return estimate
    }

    /// - Throws: `ControlError.unknown`.
    func replay(_ number: Int) throws -> ReplayRecord {
        guard let record = try database.read({ try ReplayRecord.read(number, $0) }) else {
            throw ControlError.unknown("there is no replay \(number)")
        }
        return record
    }

    func put(_ record: ReplayRecord) throws {
        let json = try Self.json(record)
        execute {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO replay VALUES (?, ?, ?)",
                arguments: [record.report.number, record.report.request.pipeline, json])
        }
    }

    /// The queue whose messages are the raw copies of a pipeline, or that announces its objects.
    func archiveSource(of pipeline: String) throws -> ArchiveSource {
        _ = try steps(pipeline: pipeline, step: nil)
        let own = queues.values.filter { $0.record.pipeline == pipeline && $0.record.isRetired != true }
        if let queue = own.first(where: { $0.record.objects != nil }) {
            guard queue.record.objects?.keep ?? .zero > .zero else { throw Self.keepsNothing(pipeline) }
            return ArchiveSource(kind: .objects, queue: queue)
        }
        guard let queue = own.first(where: { $0.record.role == .intake }), queue.record.archiveKeep != nil else {
            throw Self.keepsNothing(pipeline)
        }
        return ArchiveSource(kind: .messages, queue: queue)
    }

    private static func keepsNothing(_ pipeline: String) -> ControlError {
        .refused("pipeline '\(pipeline)' keeps no raw copies (`archive: none`)")
    }
}

struct ArchiveSource {
    let kind: ArchiveHour.Kind
    let queue: QueueState
}
