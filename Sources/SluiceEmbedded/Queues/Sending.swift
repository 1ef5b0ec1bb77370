import Sluice

/// A message that a sender's own task has made ready for the writer: its id is chosen and its lineage read.
struct PreparedMessage: Sendable {
    var id: MessageID
    var body: Bytes
    var lineage: Lineage
    var deduplicationID: String?
    var delay: Duration?
    var properties: MessageProperties?
    /// Set when its definition asks for what the record does not have: it dies where it enters.
    var deadOnArrival: String?
    var withoutSubject = false
    /// Set when it can never be stored.
    var refusal: String?
}

extension StoreState {
    /// Stores a batch, or nothing of it. What of it is stored already is answered as it was then.
    func send(
        _ messages: [PreparedMessage], to queue: QueueState, at position: SendPosition?
    ) throws -> [SendResult] {
        guard let position else { return try send(messages[...], to: queue) }
        let repeated = messages.prefix(try taken(behind: position))
        let results = repeated.map { $0.repeatedResult(in: queue, at: now) }
        guard repeated.count < messages.count else { return results }
        let added = try send(messages[repeated.endIndex...], to: queue)
        remember(position.advanced(by: messages.count))
        return results + added
    }

    private func send(_ messages: ArraySlice<PreparedMessage>, to queue: QueueState) throws -> [SendResult] {
        let settings = queue.record.settings
        guard queue.depth.messages < settings.capacity, queue.depth.bytes < settings.maxBytes ?? .max else {
            throw QueueError.full(queue: queue.name, capacity: settings.capacity)
        }
        try queue.checkArchive()
        let account = LedgerBook.account(ofQueue: queue.id)
        var stored = 0
        var withoutSubject = 0
        var results: [SendResult] = []
        results.reserveCapacity(messages.count)
        for message in messages {
            if let refusal = message.refusal {
                results.append(.refused(refusal))
                continue
            }
            if let first = duplicate(of: message, in: queue) {
                ledger.add(account, .deduplicated)
                results.append(.duplicate(first.message, first.sequence))
                continue
            }
            let ref = try enter(message, queue)
            let sequence = queue.isFIFO ? SequenceNumber(of: ref) : nil
            if queue.isFIFO { remember(message, sequence, ref, in: queue) }
            stored += 1
            if message.withoutSubject { withoutSubject += 1 }
            results.append(.stored(message.id, sequence))
        }
        ledger.add(account, .sent, stored)
        ledger.add(account, .withoutSubject, withoutSubject)
        return results
    }

    /// Stores what Split has made of a part of an object. Room is the step's business: what was read is stored.
    func enter(_ records: [PreparedMessage], _ queue: QueueState) throws {
        for record in records { try enter(record, queue) }
        let account = LedgerBook.account(ofQueue: queue.id)
        ledger.add(account, .split, records.count)
        ledger.add(account, .withoutSubject, records.count { $0.withoutSubject })
    }

    @discardableResult
    private func enter(_ message: PreparedMessage, _ queue: QueueState) throws -> MessageRef {
        var lineage = message.lineage
        lineage.received = now
        let header = MessageHeader(
            id: message.id, bodyLength: message.body.count, sent: now, lineage: lineage,
            deduplicationID: message.deduplicationID, properties: message.properties)
        if let reason = message.deadOnArrival, let target = deadLetterQueue(of: queue) {
            return try dieOnArrival(header, message.body, queue, target, reason)
        }
        return try append(header, body: message.body, to: queue, state: initialState(delay: message.delay, queue))
    }

    /// The raw copy stays in the intake chunk; the message itself is in the dead-letter queue.
    @discardableResult
    func dieOnArrival(
        _ header: MessageHeader, _ body: Bytes, _ queue: QueueState, _ target: QueueState, _ reason: String
    ) throws -> MessageRef {
        let ref = try append(header, body: body, to: queue, state: MessageState(status: .gone))
        var dead = header
        var history = header.death?.history ?? FailureHistory()
        history.append(Failure(reason: reason, type: "intake", step: "intake", time: now))
        dead.death = MessageHeader.Death(source: queue.name, receiveCount: 0, history: history, redriven: false)
        try append(dead, body: body, to: target)
        ledger.add(LedgerBook.account(ofQueue: queue.id), .deadLettered)
        ledger.add(LedgerBook.account(ofQueue: target.id), .dead)
        return ref
    }

    /// The first message of the same deduplication id, if the window still knows it.
    private func duplicate(of message: PreparedMessage, in queue: QueueState) -> DeduplicationWindow.First? {
        guard queue.isFIFO, let id = message.deduplicationKey(in: queue) else { return nil }
        return queue.deduplication.first(of: id, at: now)
    }

    private func remember(
        _ message: PreparedMessage, _ sequence: SequenceNumber?, _ ref: MessageRef, in queue: QueueState
    ) {
        guard let id = message.deduplicationKey(in: queue) else { return }
        let expires = now + DeduplicationWindow.length
        let first = DeduplicationWindow.First(message: message.id, sequence: sequence)
        queue.deduplication.remember(id, first, until: expires)
        remembered(ref.chunk, of: queue.id, until: expires).add(id, first)
    }

    private func remembered(_ chunk: Int64, of queue: Int64, until expires: Timestamp) -> ChunkDeduplication {
        if let ids = remembered[chunk] { return ids }
        let ids = ChunkDeduplication(queue: queue, expires: expires)
        remembered[chunk] = ids
        // Written in its turn: a purge before or behind it forgets what it should.
        let database = database
        execute { _ in try database.remember(ids, ofChunk: chunk) }
        return ids
    }
}

extension PreparedMessage {
    /// What the window knows the message by: its deduplication id, in its group where the queue counts them so.
    func deduplicationKey(in queue: QueueState) -> String? {
        guard let deduplicationID else { return nil }
        guard queue.record.attributes?.fifo?.deduplicationScope == .messageGroup else { return deduplicationID }
        // An id has no space.
        return "\(deduplicationID) \(lineage.group ?? "")"
    }
}
