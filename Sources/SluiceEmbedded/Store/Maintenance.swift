import DequeModule
import Foundation
import GRDB
import Logging
import Sluice

/// What time does to stored messages: they expire, raw copies are deleted, deduplication ids are forgotten.
extension StoreState {
    private static let interval: Duration = .seconds(15)
    /// Raw copies that one turn deletes at most, so that it does not hold up the others.
    private static let mostDeletions = 256
    /// A chunk of which little is left mostly is gone a moment later: only what stays longer is rewritten.
    private static let sparseAge: Duration = .minutes(1)
    /// Chunks that one turn rewrites at most.
    private static let mostRewrites = 64

    func maintain() throws {
        guard now >= nextMaintenance else { return }
        nextMaintenance = now + Self.interval
        for queue in queues.values {
            expireMessages(of: queue)
            queue.attempts.prune(at: now)
        }
        try deleteRawCopies()
        try expireSegments()
        // More may be due than one turn deletes.
        if try expireObjects() { nextMaintenance = now }
        rewriteSparse()
        forgetSendSessions()
        forgetDeletedQueues()
        asksForEmptyLog = isLogLeft
        let limit = now.milliseconds
        execute { try $0.execute(sql: "DELETE FROM deduplication WHERE expires <= ?", arguments: [limit]) }
        execute {
            try $0.execute(sql: "INSERT OR REPLACE INTO folder VALUES ('seen', ?)", arguments: [limit])
        }
    }

    /// Whole chunks at a time: what arrived together expires together. What somebody holds is left to him.
    func expireMessages(of queue: QueueState) {
        var expired = 0
        for id in queue.chunks {
            guard let chunk = chunks[id] else { continue }
            guard isExpired(chunk, in: queue) else {
                if queue.hasMixedAges { continue } else { break }
            }
            for index in 0..<chunk.count {
                let state = chunk.states[index]
                guard state.status == .ready || state.status == .delayed || state.status == .backingOff else {
                    continue
                }
                change(
                    MessageRef(chunk: id, index: Int32(index)), chunk, queue, to: MessageState(status: .gone))
                expired += 1
            }
        }
        if expired > 0 { noteExpired(expired, of: queue) }
    }

    func isExpired(_ chunk: Chunk, in queue: QueueState) -> Bool {
        let stoodStill = queue.record.stoodStill(at: now)
        let age = now.milliseconds - chunk.arrived.milliseconds - (stoodStill - chunk.stoodStill)
        return age >= queue.record.settings.retention.milliseconds
    }

    /// A visible message whose time is over, and which the last look has not found.
    func expire(_ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState) {
        expireMessages(of: queue)
        guard chunk.states[Int(ref.index)].status != .gone else { return }
        change(ref, chunk, queue, to: MessageState(status: .gone))
        noteExpired(1, of: queue)
    }

    private func noteExpired(_ expired: Int, of queue: QueueState) {
        freedRawCopies = true
        ledger.add(LedgerBook.account(ofQueue: queue.id), .expired, expired)
        logger.log(
            level: queue.record.pipeline == nil ? .notice : .error, "messages have expired unprocessed",
            metadata: [
                "queue": "\(queue.name)", "count": "\(expired)", "retention": "\(queue.record.settings.retention)",
            ])
    }

    private func deleteRawCopies() throws {
        let expired = try database.read { database in
            try Row.fetchAll(
                database,
                // What a replay is at work on stays until that is done with it.
                sql: """
                    SELECT chunk, queue, bytes FROM archive
                    WHERE expires <= ? AND chunk NOT IN (SELECT origin FROM chunk WHERE origin IS NOT NULL)
                    ORDER BY expires LIMIT ?
                    """,
                arguments: [now.milliseconds, Self.mostDeletions])
        }
        guard !expired.isEmpty else { return overwriteIfDue() }
        for row in expired {
            let id: Int64 = try row.decode(forColumn: "chunk")
            free(try row.decode(forColumn: "bytes"), ofArchiveOf: try row.decode(forColumn: "queue"))
            chunks[id]?.isRawCopy = false
            if chunks[id]?.isSparse == true { sparse.insert(id) }
            let isInUse = (chunks[id]?.live ?? 0) > 0
            let database = database
            execute { connection in
                try connection.execute(sql: "DELETE FROM archive WHERE chunk = ?", arguments: [id])
                if !isInUse { try database.deleteChunk(id) }
            }
        }
        freedRawCopies = true
        // More may be due than one turn deletes.
        if expired.count == Self.mostDeletions { nextMaintenance = now }
        overwriteIfDue()
    }

    func free(_ bytes: Int, ofArchiveOf queue: Int64) {
        guard let queue = queues[queue] else { return }
        queue.archivedBytes = max(0, queue.archivedBytes - bytes)
        changedQueues.insert(queue.id)
    }

    /// Takes the bytes of what is gone out of chunks in which a few messages stay: a straggler does not keep its whole
    /// batch on the disk. A raw copy is never rewritten.
    private func rewriteSparse() {
        guard !isDiskFull else { return }
        let lasting = sparse.filter { chunks[$0].map { now - $0.arrived >= Self.sparseAge } ?? true }
        for id in lasting.sorted().prefix(Self.mostRewrites) {
            guard let chunk = chunks[id], let queue = queues[chunk.queue], chunk.isSparse else {
                sparse.remove(id)
                continue
            }
            // A claim rewrites headers of its own.
            guard queue.record.claimUntil == nil else { continue }
            sparse.remove(id)
            do {
                try rewrite(chunk)
            } catch {
                logger.error(
                    "a chunk cannot be read and is left as it is; `data check` says what is wrong",
                    metadata: ["queue": "\(queue.name)", "chunk": "\(id)", "error": "\(error)"])
            }
        }
    }

    private func rewrite(_ chunk: Chunk) throws {
        let id = chunk.id
        let (header, body) = try content(of: id).kept { chunk.states[$0].status != .gone }
        execute { connection in
            try connection.execute(
                sql: "UPDATE chunk SET header = ? WHERE id = ?", arguments: [Data(header), id])
            try connection.execute(
                sql: "UPDATE body SET data = ? WHERE chunk = ?", arguments: [Data(body), id])
        }
        // What memory has of it meanwhile is as good: survivors keep their places.
        contents.remove(id)
        chunk.rewritten()
    }
}
