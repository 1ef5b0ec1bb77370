import Foundation
import GRDB
import HeapModule
import Sluice

extension StoreState {
    /// Builds memory from the file: at start, and after a commit that failed.
    ///
    /// - Parameter processDied: the holders of held messages are gone. What they held is visible again at once and
    ///   suspect: that receive is not counted, unless it was held alone, and nothing of another queue was. Where it
    ///   was not, nothing is written: the same rows say the same at the next start, and, until they are written,
    ///   whenever memory is built anew.
    func load(processDied: Bool) throws {
        restoreWaiters()
        changedRecords.removeAll()
        reloadAfterCommit = false
        forgetTurn()
        _ = ledger.takeAdditions()
        chunks = [:]
        contents.removeAll()
        digests = DeadLetterDigests()
        sparse.removeAll()
        timers = Heap()
        scheduled = 0
        freedBlobs.removeAll()
        freedSegments.removeAll()
        for queue in queues.values { queue.clear() }
        try database.read { database in
            try RowChecksum.check(database)
            try loadRecords(database)
            try loadLedger(database)
            try loadDeduplication(database)
            try loadSendSessions(database)
            try loadChunks(database, processDied: processDied)
            try loadFailures(database)
            try loadPositions(database)
            try loadArchivedBytes(database)
        }
        for queue in queues.values {
            queue.updateGauge()
            catalogue.publish(queue)
        }
    }

    private func loadRecords(_ database: Database) throws {
        let decoder = JSONDecoder()
        // A queue that a failed turn had made is not there; one that is keeps those who wait for it.
        var stored: Set<Int64> = []
        for row in try Row.fetchAll(database, sql: "SELECT id, name, record FROM queue") {
            let id: Int64 = try row.decode(forColumn: "id")
            stored.insert(id)
            let record = try decode(QueueRecord.self, row.decode(forColumn: "record"), "queue \(id)", decoder)
            try record.check(storedAs: row.decode(forColumn: "name"))
            if let queue = queues[id] {
                queue.record = record
            } else {
                queues[id] = QueueState(id: id, record: record, gauge: QueueGauge())
            }
        }
        queues = queues.filter { stored.contains($0.key) }
        nextQueue = max(nextQueue, (queues.keys.max() ?? 0) + 1)
        try loadDeletedQueues(database)
        try loadMoves(database)
        names = Dictionary(uniqueKeysWithValues: queues.values.map { ($0.name, $0.id) })
        moveWaiters()
        pipelines = [:]
        for row in try Row.fetchAll(database, sql: "SELECT name, record FROM pipeline") {
            let name: String = try row.decode(forColumn: "name")
            let json: String = try row.decode(forColumn: "record")
            pipelines[name] = try decode(PipelineRecord.self, json, "pipeline '\(name)'", decoder)
        }
        pauses = [:]
        for row in try Row.fetchAll(database, sql: "SELECT step, since, reason FROM pause") {
            let since = try Timestamp(stored: row.decode(forColumn: "since"))
            pauses[try row.decode(forColumn: "step")] = PauseRecord(
                since: since, reason: try row.decode(forColumn: "reason"))
        }
    }

    /// Who waits at a queue that was retired waits at the one that has its name now.
    private func moveWaiters() {
        for queue in queues.values where queue.record.isRetired == true {
            guard let id = names[queue.name.replacing("@\(queue.id)", with: "")], let present = queues[id] else {
                continue
            }
            present.waiters.append(contentsOf: queue.waiters)
            present.roomWaiters.append(contentsOf: queue.roomWaiters)
            queue.waiters.removeAll()
            queue.roomWaiters.removeAll()
            waited.insert(id)
        }
    }

    private func decode<Value: Decodable>(
        _ type: Value.Type, _ json: String, _ what: String, _ decoder: JSONDecoder
    ) throws -> Value {
        do {
            return try decoder.decode(type, from: Data(json.utf8))
        } catch {
            throw StoreDamage("the record of \(what) cannot be read: \(error)")
        }
    }

    private func loadLedger(_ database: Database) throws {
        ledger = LedgerBook()
        for row in try Row.fetchAll(database, sql: "SELECT account, entry, n FROM ledger") {
            let name: String = try row.decode(forColumn: "entry")
            guard let entry = LedgerEntry(rawValue: name) else {
                throw StoreDamage("the ledger has an entry '\(name)' that nobody knows")
            }
            let count: Int = try row.decode(forColumn: "n")
            guard (0...1 << 53).contains(count) else { throw StoreDamage("the ledger counts \(count) '\(name)'") }
            ledger.load(try row.decode(forColumn: "account"), entry, count)
        }
    }

    private func loadDeduplication(_ database: Database) throws {
        for queue in queues.values { queue.deduplication = DeduplicationWindow() }
        // In the order in which they expire, which is that of the chunks.
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT queue, expires, ids, checksum IS crc(chunk, queue, expires, ids) FROM deduplication
                WHERE expires > ? OR checksum IS NOT crc(chunk, queue, expires, ids) ORDER BY chunk
                """, arguments: [now.milliseconds])
        while let row = try rows.next() {
            guard try row.decode(atIndex: 3) else { throw StoreDamage(RowChecksum.problem(1, "deduplication")) }
            let (id, expires): (Int64, Timestamp) = (
                try row.decode(atIndex: 0), try Timestamp(stored: row.decode(atIndex: 1))
            )
            guard let queue = queues[id] else { continue }
            try ChunkDeduplication.read(Array(row.decode(Data.self, atIndex: 2))) { id, first in
                queue.deduplication.remember(id, first, until: expires)
            }
        }
    }

    // MARK: Chunks

    private func loadChunks(_ database: Database, processDied: Bool) throws {
        let last = try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'chunk'")
        nextChunk = max(nextChunk, (last ?? 0) + 1)
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT c.id, c.queue, c.arrived, c.stood_still, c.header, s.state, a.chunk IS NOT NULL,
                    c.origin IS NOT NULL, s.checksum IS crc(s.chunk, s.state) AND
                    c.checksum IS crc(c.id, c.queue, c.arrived, c.stood_still, c.header, c.origin)
                FROM chunk_state s JOIN chunk c ON c.id = s.chunk LEFT JOIN archive a ON a.chunk = c.id
                ORDER BY c.id
                """)
        var suspects: [MessageRef] = []
        var alone: [MessageRef] = []
        while let row = try rows.next() {
            let id: Int64 = try row.decode(atIndex: 0)
            do {
                try loadChunk(row, processDied: processDied, suspects: &suspects, alone: &alone)
            } catch {
                throw StoreDamage("chunk \(id): \(error)")
            }
        }
        for ref in alone { judge(ref, isOnly: alone.count == 1) }
        for ref in suspects.reversed() { putFirst(ref) }
    }

    /// One that was alone when the process died. Where several were, each of its queue, nobody can say which of them
    /// ended it, so that for none of them the receive counts.
    private func judge(_ ref: MessageRef, isOnly: Bool) {
        guard let chunk = chunks[ref.chunk] else { return }
        if !isOnly {
            var state = chunk.states[Int(ref.index)]
            state.contended = true
            state.receiveCount -= state.receiveCount > 0 ? 1 : 0
            chunk.states[Int(ref.index)] = state
        }
        // Written: at the next death it would look as if it had been out again.
        dirty.insert(chunk.id)
    }

    private func loadChunk(
        _ row: Row, processDied: Bool, suspects: inout [MessageRef], alone: inout [MessageRef]
    ) throws {
        guard try row.decode(atIndex: 8) else {
            throw StoreDamage("its headers or states are not those that were written (checksum)")
        }
        let queueID: Int64 = try row.decode(atIndex: 1)
        guard let queue = queues[queueID] else {
            throw StoreDamage("it belongs to queue \(queueID), which is not there")
        }
        let chunk = Chunk(
            id: try row.decode(atIndex: 0), queue: queueID,
            arrived: try Timestamp(stored: row.decode(atIndex: 2)),
            stoodStill: try Timestamp(stored: row.decode(atIndex: 3)).milliseconds,
            isReference: try row.decode(atIndex: 7))
        chunk.isRawCopy = try row.decode(atIndex: 6)
        var reader = ByteReader(Array(try row.decode(Data.self, atIndex: 4)))
        guard try reader.byte() == HeaderCoding.version else { throw StoreDamage("a header of another version") }
        var groups: [String?] = []
        while !reader.isAtEnd {
            let header = try HeaderCoding.read(from: &reader)
            chunk.append(length: header.bodyLength, group: nil, state: MessageState())
            groups.append(header.lineage.group)
        }
        chunk.take(try ChunkStates(count: chunk.count, encoded: Array(row.decode(Data.self, atIndex: 5))))
        if let last = queue.chunks.last.flatMap({ chunks[$0] }), chunk.arrived < last.arrived {
            queue.hasMixedAges = true
        }
        chunks[chunk.id] = chunk
        queue.chunks.append(chunk.id)
        join(groups, of: chunk, in: queue)
        let isOrphaned = processDied || orphans.contains(chunk.id)
        for index in 0..<chunk.count {
            let ref = MessageRef(chunk: chunk.id, index: Int32(index))
            var state = chunk.states[index]
            guard state.status != .gone else { continue }
            queue.depth.bytes += Int(chunk.lengths[index])
            if state.status == .held && isOrphaned {
                orphans.insert(chunk.id)
                if state.alone { alone.append(ref) }
                state = state.afterHolderDied
                chunk.states[index] = state
            }
            if state.status == .ready && state.suspect {
                queue.depth.ready += 1
                suspects.append(ref)
            } else {
                arrive(ref, chunk, queue, state)
            }
        }
        if chunk.isSparse { sparse.insert(chunk.id) }
    }

    private func join(_ groups: [String?], of chunk: Chunk, in queue: QueueState) {
        guard queue.isFIFO || groups.contains(where: { $0 != nil }) else { return }
        chunk.groups = groups.indices.map { index in
            guard chunk.states[index].status != .gone else { return 0 }
            if queue.isFIFO { return queue.fifo.join(groups[index] ?? "") }
            return groups[index].map { queue.standard.join($0) } ?? FairOrder.none
        }
    }

    private func loadFailures(_ database: Database) throws {
        let rows = try Row.fetchCursor(
            database, sql: "SELECT chunk, message, max(number) + 1 AS n FROM failure GROUP BY chunk, message")
        while let row = try rows.next() {
            let (id, index): (Int64, Int) = (try row.decode(forColumn: "chunk"), try row.decode(forColumn: "message"))
            guard let chunk = chunks[id], (0..<chunk.count).contains(index), chunk.states[index].status != .gone else {
                throw StoreDamage("failures of message \(index) of chunk \(id), which is not there")
            }
            chunk.failures[index] = try row.decode(forColumn: "n")
        }
    }

    private func loadArchivedBytes(_ database: Database) throws {
        let sums = try Row.fetchAll(
            database,
            sql: """
                SELECT queue, sum(bytes) AS bytes FROM (
                    SELECT queue, bytes FROM archive UNION ALL SELECT queue, stored FROM segment) GROUP BY queue
                """)
        for row in sums {
            let queue: Int64 = try row.decode(forColumn: "queue")
            queues[queue]?.archivedBytes = try row.decode(forColumn: "bytes")
        }
        for queue in queues.values where queue.record.archiveMaxSize != nil {
            guard let source = queue.record.objects else { continue }
            queue.archivedBytes = try source.keptBytes(database)
        }
    }

    private func loadPositions(_ database: Database) throws {
        let last = try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'object'")
        nextObject = max(nextObject, (last ?? 0) + 1)
        positions = try SplitPositions(database)
    }

    private func putFirst(_ ref: MessageRef) {
        guard let chunk = chunks[ref.chunk], let queue = queues[chunk.queue] else { return }
        if queue.isFIFO {
            queue.fifo.insert(ref, group: chunk.groups[Int(ref.index)])
        } else {
            queue.standard.putFirst(ref)
        }
    }

    /// Messages that our process held when it died, and that have been received as often as they may be, whatever ended
    /// the receives before the last one. Called once after a start.
    func buryKillers() throws {
        for chunk in Array(chunks.values).sorted(by: { $0.id < $1.id }) where !chunk.states.isUntouched {
            guard let queue = queues[chunk.queue], let target = deadLetterQueue(of: queue) else { continue }
            for index in 0..<chunk.count {
                let state = chunk.states[index]
                guard state.status == .ready, state.suspect,
                    state.receiveCount >= queue.record.settings.maxReceiveCount
                else { continue }
                let failure = Failure(
                    reason:
                        "the process ended while it worked on this record, at its last allowed receive (\(state.receiveCount))",
                    type: "process-ended", step: queue.record.step ?? queue.name, time: now)
                let ref = MessageRef(chunk: chunk.id, index: Int32(index))
                try moveToDeadLetters(ref, chunk, queue, target, failure)
            }
        }
    }
}

extension Timestamp {
    /// A moment, in milliseconds, as it stands in a row.
    init(stored milliseconds: Int64) throws(StoreDamage) {
        guard Self.plausible.contains(milliseconds) else { throw StoreDamage("a moment of \(milliseconds) ms") }
        self.init(milliseconds: milliseconds)
    }
}

extension MessageState {
    /// What a held message is after the process that held it died: visible, suspect, and the receive not counted
    /// unless it was alone.
    var afterHolderDied: MessageState {
        var state = self
        state.status = .ready
        state.visibleAt = 0
        state.suspect = true
        if !alone { state.receiveCount = receiveCount > 0 ? receiveCount - 1 : 0 }
        state.alone = false
        return state
    }
}
