import Sluice

/// The next raw copies of messages that a replay looks at: one chunk of them.
struct ReplayPart {
    /// How far the replay is, when what lies between is passed over.
    let record: ReplayRecord
    /// How far it was, in the file.
    let begin: (position: Int64, place: Int)
    /// The queue, and its definition when the part was read.
    let queue: String
    let definition: QueueRecord
    let chunk: Int64
    let content: ChunkContent
    /// The places of messages that are still in the queue.
    let waiting: Set<Int>

    /// What becomes of each of them, read on the task of whoever asks for the replay.
    /// - Parameter limit: messages that are sent, at most.
    func prepare(for entry: QueueCatalogue.Entry, _ store: Store, limit: Int) throws -> PreparedReplay {
        var prepared = PreparedReplay(end: content.count)
        let request = record.report.request
        for index in record.place..<max(record.place, content.count) {
            guard prepared.messages.count < limit else {
                prepared.end = index
                break
            }
            let header = try content.header(at: index)
            // What was redriven is there as it arrived, too.
            guard header.death == nil else { continue }
            if waiting.contains(index) {
                prepared.waiting += 1
                continue
            }
            let body = content.body(at: index)
            guard request.conditions.hold(for: body), request.conditions.hold(forObject: nil) else {
                prepared.passedOver += 1
                continue
            }
            let read = store.read(body, id: header.id, senderGroup: header.lineage.group, for: entry)
            var lineage = header.lineage
            lineage.take(read.lineage)
            lineage.identity = lineage.identity.replayed(by: record.report.number)
            prepared.messages.append(
                PreparedReplay.Message(
                    place: index, lineage: lineage, missing: read.missing, withoutSubject: read.withoutSubject))
        }
        return prepared
    }
}

struct PreparedReplay {
    struct Message {
        /// In the raw copy.
        let place: Int
        let lineage: Lineage
        /// Why it cannot enter.
        let missing: String?
        let withoutSubject: Bool
    }

    var messages: [Message] = []
    var passedOver = 0
    var waiting = 0
    /// The place of the first that was not looked at.
    var end: Int
}

extension StoreState {
    /// The next raw copies of a replay of messages.
    /// - Returns: `nil` = there are no more; the replay is finished.
    /// - Throws: `QueueError.full` when there is no room for them.
    func nextPart(of number: Int) throws -> ReplayPart? {
        var record = try replay(number)
        guard !record.report.isFinished else { return nil }
        let begin = (record.position, record.place)
        let request = record.report.request
        let queue = try archiveSource(of: request.pipeline).queue
        try checkRoom(in: queue)
        while true {
            let rows = try database.rawCopies(ofQueue: queue.id, after: record.position, limit: 1_000)
            for row in rows where row.arrived >= request.from && row.arrived < request.to {
                // One that was begun may have expired meanwhile.
                if row.chunk != record.begunChunk { record.place = 0 }
                return ReplayPart(
                    record: record, begin: begin, queue: queue.name, definition: queue.record, chunk: row.chunk,
                    content: try content(of: row.chunk), waiting: waiting(in: row.chunk))
            }
            guard let last = rows.last, last.arrived < request.to else { break }
            record.position = last.chunk
        }
        record.report.isFinished = true
        try put(record)
        return nil
    }

    func checkRoom(in queue: QueueState) throws {
        let settings = queue.record.settings
        guard queue.depth.messages < settings.capacity, queue.depth.bytes < settings.maxBytes ?? .max else {
            throw QueueError.full(queue: queue.name, capacity: settings.capacity)
        }
    }

    private func waiting(in chunk: Int64) -> Set<Int> {
        guard let chunk = chunks[chunk] else { return [] }
        return Set((0..<chunk.count).filter { chunk.states[$0].status != .gone })
    }

    /// Stores what was prepared, with how far the replay is.
    /// - Returns: `nil` = nothing was done: another command was faster, or the definition is another one now.
    func enter(_ part: ReplayPart, _ prepared: PreparedReplay) throws -> ReplayReport? {
        let queue = try queue(named: part.queue)
        let present = try replay(part.record.report.number)
        guard queue.record == part.definition, !present.report.isFinished,
            (present.position, present.place) == part.begin
        else { return nil }
        var (headers, places): ([MessageHeader], [Int]) = ([], [])
        for message in prepared.messages {
            let body = part.content.body(at: message.place)
            let header = MessageHeader(id: ids.id(), bodyLength: body.count, sent: now, lineage: message.lineage)
            if let reason = message.missing, let target = deadLetterQueue(of: queue) {
                try dieAtReplay(header, body, queue, target, reason)
            } else {
                headers.append(header)
                places.append(message.place)
            }
        }
        if !headers.isEmpty { try append(headers, referringTo: part.chunk, part.content, places: places, to: queue) }
        let account = LedgerBook.account(ofQueue: queue.id)
        ledger.add(account, .replayed, prepared.messages.count)
        ledger.add(account, .withoutSubject, prepared.messages.count { $0.withoutSubject })
        var record = part.record
        if prepared.end == part.content.count {
            (record.position, record.place) = (part.chunk, 0)
        } else {
            (record.begunChunk, record.place) = (part.chunk, prepared.end)
        }
        record.report.sent += prepared.messages.count
        record.report.passedOver += prepared.passedOver
        record.report.waiting += prepared.waiting
        try put(record)
        return record.report
    }

    /// Today's definition asks for what the raw record does not have.
    private func dieAtReplay(
        _ header: MessageHeader, _ body: Bytes, _ queue: QueueState, _ target: QueueState, _ reason: String
    ) throws {
        var dead = header
        let failure = Failure(reason: reason, type: "intake", step: "intake", time: now)
        dead.death = MessageHeader.Death(
            source: queue.name, receiveCount: 0, history: FailureHistory(failure), redriven: false)
        try append(dead, body: body, to: target)
        ledger.add(LedgerBook.account(ofQueue: queue.id), .deadLettered)
        ledger.add(LedgerBook.account(ofQueue: target.id), .dead)
    }
}
