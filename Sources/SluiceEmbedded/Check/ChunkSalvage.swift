import Foundation
import GRDB
import Sluice

/// Takes out of a store of salvaged rows what is not whole: chunks of which a part is missing, with all that belongs to
/// them.
struct ChunkSalvage {
    let database: StoreDatabase
    let lost: LostFile
    /// Of `chunk_state`: a chunk without a row may have had messages.
    let lostStates: RowSalvage.Loss
    /// Of `archive`: a chunk without a row may be a raw copy.
    let lostArchiveRows: RowSalvage.Loss

    func run() throws {
        let (ids, queues) = try database.read { connection in
            (
                try Int64.fetchAll(
                    connection,
                    sql: """
                        SELECT id FROM chunk UNION SELECT chunk FROM body UNION SELECT chunk FROM chunk_state
                        UNION SELECT chunk FROM archive ORDER BY 1
                        """),
                Dictionary(
                    uniqueKeysWithValues: try Row.fetchAll(connection, sql: "SELECT id, name FROM queue").map {
                        (try $0.decode(Int64.self, forColumn: "id"), try $0.decode(String.self, forColumn: "name"))
                    })
            )
        }
        // In their order: a replay's chunk is whole only while the raw copy before it is.
        for id in ids {
            let parts = try Parts(of: id, in: database)
            if parts.isDone, lostArchiveRows.covers(id), !lostStates.covers(id), try archive(parts) { continue }
            if let problem = parts.problem(queues, database) {
                try setAside(parts, queues, problem)
            } else if lostStates.covers(id), parts.state == nil {
                try tell(
                    parts, queues, "it is not known which messages of chunk \(id) were there; its raw copy is kept")
            }
        }
        try database.transaction {
            try $0.execute(sql: "DELETE FROM failure WHERE chunk NOT IN (SELECT chunk FROM chunk_state)")
        }
    }

    /// Makes a chunk that is done with a raw copy again, until when it would have been one.
    /// - Returns: false = its queue keeps none.
    private func archive(_ parts: Parts) throws -> Bool {
        guard let queue = parts.queue, let arrived = parts.arrived, let header = parts.header, let body = parts.body,
            let keep = try database.archiveKeep(ofQueue: queue)
        else { return false }
        let messages = try ChunkContent(header: header, body: body).count
        try database.transaction {
            try $0.execute(
                sql: "INSERT INTO archive (chunk, queue, arrived, expires, messages, bytes) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    parts.id, queue, arrived.milliseconds, (arrived + keep).milliseconds, messages, body.count,
                ])
        }
        return true
    }

    /// The rows of one chunk that are there.
    private struct Parts {
        let id: Int64
        var queue: Int64?
        var arrived: Timestamp?
        var header: [UInt8]?
        var body: [UInt8]?
        var state: [UInt8]?
        var isRawCopy = false
        var isReference = false

        init(of id: Int64, in database: StoreDatabase) throws {
            self.id = id
            let row = try database.read {
                try Row.fetchOne(
                    $0,
                    sql: """
                        SELECT c.queue, c.arrived, c.header, c.origin IS NOT NULL AS refers, b.data, s.state, a.queue AS raw
                        FROM (SELECT ? AS id) i LEFT JOIN chunk c ON c.id = i.id LEFT JOIN body b ON b.chunk = i.id
                        LEFT JOIN chunk_state s ON s.chunk = i.id LEFT JOIN archive a ON a.chunk = i.id
                        """, arguments: [id])
            }
            guard let row else { return }
            let archive = try row.decode(Int64?.self, forColumn: "raw")
            queue = try row.decode(Int64?.self, forColumn: "queue") ?? archive
            arrived = try row.decode(Int64?.self, forColumn: "arrived").map { try Timestamp(stored: $0) }
            header = try row.decode(Data?.self, forColumn: "header").map(Array.init)
            body = try row.decode(Data?.self, forColumn: "data").map(Array.init)
            state = try row.decode(Data?.self, forColumn: "state").map(Array.init)
            isRawCopy = archive != nil
            isReference = try row.decode(Bool?.self, forColumn: "refers") ?? false
        }

        /// Whole as far as it can be seen, with nobody who waits for it.
        var isDone: Bool { header != nil && body != nil && state == nil && !isRawCopy && !isReference }

        /// Why it cannot stay; `nil` = it is whole.
        func problem(_ queues: [Int64: String], _ database: StoreDatabase) -> String? {
            guard header != nil else { return "the headers of chunk \(id) are missing" }
            guard body != nil else { return "the bytes of chunk \(id) are missing" }
            guard state != nil || isRawCopy else { return "the states of the messages of chunk \(id) are missing" }
            guard let queue, queues[queue] != nil else { return "the queue of chunk \(id) is missing" }
            do {
                let content = try database.content(of: id)
                for index in 0..<content.count { _ = try content.header(at: index) }
                if let state { _ = try ChunkStates(count: content.count, encoded: state) }
                return nil
            } catch {
                return "\(error)"
            }
        }

        /// The messages as they can be read; without their bodies when those are missing.
        func headers() -> [MessageHeader] {
            guard let header else { return [] }
            do {
                var reader = ByteReader(header)
                guard try reader.byte() == HeaderCoding.version else { return [] }
                var found: [MessageHeader] = []
                while !reader.isAtEnd { found.append(try HeaderCoding.read(from: &reader)) }
                return found
            } catch {
                return []
            }
        }

        func states(_ count: Int) -> ChunkStates? {
            guard let state else { return nil }
            do { return try ChunkStates(count: count, encoded: state) } catch { return nil }
        }
    }

    private func setAside(_ parts: Parts, _ queues: [Int64: String], _ problem: String) throws {
        try tell(parts, queues, problem)
        try database.transaction { connection in
            for (table, column) in [
                ("chunk", "id"), ("body", "chunk"), ("chunk_state", "chunk"), ("archive", "chunk"),
                ("failure", "chunk"),
            ] {
                try connection.execute(sql: "DELETE FROM \(table) WHERE \(column) = ?", arguments: [parts.id])
            }
        }
    }

    /// What can be read of its messages, a line each.
    private func tell(_ parts: Parts, _ queues: [Int64: String], _ problem: String) throws {
        let queue = parts.queue.flatMap { queues[$0] }
        try lost.say(.init(problem, queue: queue, chunk: parts.id))
        let headers = parts.headers()
        let states = parts.states(headers.count)
        let bodies = parts.isReference ? nil : parts.body
        if headers.isEmpty, let bodies {
            var line = LostFile.Line("bodies without their headers", queue: queue, chunk: parts.id)
            line.bodyBase64 = Data(bodies).base64EncodedString()
            try lost.write(line)
        }
        let hasBodies = headers.reduce(0) { $0 + $1.bodyLength } == bodies?.count
        var offset = 0
        for (index, header) in headers.enumerated() {
            defer { offset += header.bodyLength }
            // A hole has no id.
            if header.id.high == 0, header.id.low == 0 { continue }
            // With a state, or without one where it was lost, it is known, or may be, that somebody waits for it.
            let isGone = states.map { $0[index].status == .gone } ?? (parts.isRawCopy && !lostStates.covers(parts.id))
            if isGone && !parts.isRawCopy { continue }
            var line = LostFile.Line(problem, queue: queue, chunk: parts.id)
            line.message = index
            line.id = header.id.description
            line.group = header.lineage.group
            line.rawCopy = isGone ? true : nil
            if hasBodies, let bodies { line.set(body: bodies[offset..<offset + header.bodyLength]) }
            try lost.write(line)
        }
    }
}
