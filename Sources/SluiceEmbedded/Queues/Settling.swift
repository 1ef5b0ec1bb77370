import Sluice

extension StoreState {
    /// Carries out a settlement. What it stores, deletes and counts is committed together.
    /// - Parameter parts: the records of its entries that are parts of objects, ready to be stored.
    func settle(_ settlement: Settlement, parts: [Int: PreparedPart] = [:]) throws -> [SettlementResult.Outcome] {
        let queue = try queue(named: settlement.queue)
        var tally = StepTally()
        let outcomes = settlement.entries.enumerated().map { index, entry -> SettlementResult.Outcome in
            do {
                return try settle(entry, parts[index], in: queue, &tally)
            } catch {
                // Its chunk cannot be read: that message stays where it is, and the others are settled.
                return .failed("\(error)")
            }
        }
        tally.post(to: &ledger, queue: queue.id, step: settlement.step)
        return outcomes
    }

    private func settle(
        _ entry: Settlement.Entry, _ part: PreparedPart?, in queue: QueueState, _ tally: inout StepTally
    ) throws -> SettlementResult.Outcome {
        guard let (chunk, ref, state) = find(entry.receipt, in: queue), state.isInFlight, state.status != .backingOff
        else { return .stale }
        switch entry.disposition {
        case .passed(let outputs):
            for output in outputs where tally.target?.name != output.queue {
                guard let target = names[output.queue].flatMap({ queues[$0] }) else {
                    return .failed("there is no queue '\(output.queue)' for its output")
                }
                tally.target = target
            }
            for output in outputs { try store(output, &tally) }
            tally.passed += 1
            finish(ref, chunk, queue, &tally)
        case .split(let split):
            guard let part, let intake = names[part.intake].flatMap({ queues[$0] }) else {
                return .failed("there is no queue '\(split.intake)' for its records")
            }
            try store(split, part, in: intake, from: queue, &tally)
            if let next = split.next {
                goOn(ref, chunk, queue, state, with: split.positionName, at: next)
            } else {
                forgetPosition(of: split.positionName, in: queue)
                tally.passed += 1
                finish(ref, chunk, queue, &tally)
            }
        case .filtered:
            tally.add(.filtered)
            finish(ref, chunk, queue, &tally)
        case .unconfirmed:
            tally.add(.unconfirmed)
            finish(ref, chunk, queue, &tally)
        case .delivered(let effect):
            tally.passed += 1
            tally.add(effect.ledgerEntry)
            finish(ref, chunk, queue, &tally)
        case .retry(let delay, let failure):
            try retry(ref, chunk, queue, state, after: delay, failure, &tally)
        case .release(let delay):
            tally.add(.released)
            var released = state
            released.receiveCount -= 1
            comeBack(ref, chunk, queue, released, after: delay)
        case .dead(let failure):
            try die(ref, chunk, queue, state, failure, &tally)
        }
        return .settled
    }

    private func finish(_ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, _ tally: inout StepTally) {
        tally.done += 1
        change(ref, chunk, queue, to: MessageState(status: .gone))
    }

    private func retry(
        _ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, _ state: MessageState, after delay: Duration,
        _ failure: Failure, _ tally: inout StepTally
    ) throws {
        if deadLetterQueue(of: queue) != nil, state.receiveCount >= queue.record.settings.maxReceiveCount {
            return try die(ref, chunk, queue, state, failure, &tally)
        }
        tally.add(.retried)
        note(failure, of: ref, in: chunk)
        var retried = state
        retried.acquit()
        comeBack(ref, chunk, queue, retried, after: delay)
    }

    /// To the dead-letter queue, or, where there is none, around again: a message is never dropped.
    private func die(
        _ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, _ state: MessageState, _ failure: Failure,
        _ tally: inout StepTally
    ) throws {
        guard let target = deadLetterQueue(of: queue) else {
            tally.add(.retried)
            note(failure, of: ref, in: chunk)
            var retried = state
            retried.acquit()
            return comeBack(ref, chunk, queue, retried, after: .seconds(30))
        }
        try moveToDeadLetters(ref, chunk, queue, target, failure)
    }

    /// Visible again, now or after a delay; until then it stays in flight and its group waits.
    func comeBack(
        _ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, _ state: MessageState, after delay: Duration
    ) {
        var state = state
        state.alone = false
        if delay > .zero {
            state.status = .backingOff
            state.visibleAt = moment(after: delay)
        } else {
            state.status = .ready
            state.visibleAt = 0
        }
        change(ref, chunk, queue, to: state)
    }

    private func store(_ output: Outgoing, _ tally: inout StepTally) throws {
        let queue: QueueState
        if let target = tally.target, target.name == output.queue {
            queue = target
        } else {
            queue = try self.queue(named: output.queue)
        }
        let header = MessageHeader(
            id: ids.id(), bodyLength: output.body.count, sent: now, lineage: output.lineage)
        try append(header, body: output.body, to: queue, state: initialState(delay: output.delay, queue))
        tally.stored[queue.id, default: 0] += 1
    }

    /// Delayed if its sender or its queue says so, else visible at once.
    func initialState(delay: Duration?, _ queue: QueueState) -> MessageState {
        let delay = delay ?? queue.record.settings.delay
        guard delay > .zero else { return MessageState() }
        return MessageState(status: .delayed, visibleAt: moment(after: delay))
    }

    /// When a message becomes visible that waits so long; never later than what can be read again.
    func moment(after delay: Duration) -> Int64 {
        min(max(now, now + delay).milliseconds, Timestamp.plausible.upperBound)
    }

    // MARK: Dead letters

    func deadLetterQueue(of queue: QueueState) -> QueueState? {
        queue.record.deadLetterQueue.flatMap { names[$0] }.flatMap { queues[$0] }
    }

    /// Moves a message into its dead-letter queue, with its bytes and the whole history of its failures.
    func moveToDeadLetters(
        _ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, _ target: QueueState, _ failure: Failure
    ) throws {
        let index = Int(ref.index)
        let content = try content(of: chunk.id)
        var header = try content.header(at: index)
        var history = header.death?.history ?? FailureHistory()
        history.append(contentsOf: try self.history(of: ref, in: chunk))
        history.append(failure)
        header.death = MessageHeader.Death(
            source: queue.name, receiveCount: Int(chunk.states[index].receiveCount), history: history, redriven: false)
        // A client's message keeps its age, as in SQS; a dead letter of a pipeline is kept from its death on.
        let arrived = queue.record.pipeline == nil && !target.isFIFO ? chunk.arrived : now
        try append(header, body: content.body(at: index), to: target, arrived: arrived)
        change(ref, chunk, queue, to: MessageState(status: .gone))
        ledger.add(LedgerBook.account(ofQueue: queue.id), .deadLettered)
        ledger.add(LedgerBook.account(ofQueue: target.id), .dead)
    }
}

// MARK: Objects

extension StoreState {
    private func store(
        _ split: SplitPart, _ part: PreparedPart, in intake: QueueState, from queue: QueueState,
        _ tally: inout StepTally
    ) throws {
        try enter(part.records, intake)
        tally.add(.read, part.records.count + split.refused.count)
        guard !split.refused.isEmpty, let target = deadLetterQueue(of: queue) else { return }
        for refused in split.refused {
            var lineage = Lineage(identity: split.identity(of: refused.number), received: now)
            if target.isFIFO { lineage.group = lineage.identity.text }
            // It died on the way to the intake queue, and a redrive sends it there.
            let death = MessageHeader.Death(
                source: intake.name, receiveCount: 0, history: FailureHistory(refused.failure), redriven: false)
            let header = MessageHeader(
                id: ids.id(), bodyLength: refused.body.count, sent: now, lineage: lineage, death: death)
            try append(header, body: refused.body, to: target)
        }
        ledger.add(LedgerBook.account(ofQueue: target.id), .refused, split.refused.count)
    }

    /// The message comes again at once, for the next part; what it has been received for is not counted.
    private func goOn(
        _ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, _ state: MessageState, with object: String,
        at position: SourcePosition
    ) {
        positions[queue.id, object] = position
        let id = queue.id
        execute { try SplitPositions.write(position, of: object, in: id, $0) }
        var kept = state
        kept.receiveCount = 0
        kept.acquit()
        comeBack(ref, chunk, queue, kept, after: .zero)
    }

    private func forgetPosition(of object: String, in queue: QueueState) {
        guard positions[queue.id, object] != nil else { return }
        positions[queue.id, object] = nil
        let id = queue.id
        execute { try SplitPositions.write(nil, of: object, in: id, $0) }
    }
}

/// What one settlement adds to the ledger, summed up before it is looked up.
private struct StepTally {
    var done = 0
    var passed = 0
    /// Outputs, by the queue they were stored in.
    var stored: [Int64: Int] = [:]
    /// The queue of the latest output: the next one most likely goes there too.
    var target: QueueState?
    private var entries: [LedgerEntry: Int] = [:]

    mutating func add(_ entry: LedgerEntry, _ count: Int = 1) { entries[entry, default: 0] += count }

    func post(to ledger: inout LedgerBook, queue: Int64, step: StepName) {
        ledger.add(LedgerBook.account(ofQueue: queue), .done, done)
        let account = LedgerBook.account(of: step)
        ledger.add(account, .passed, passed)
        for (queue, count) in stored {
            ledger.add(LedgerBook.account(ofQueue: queue), .step, count)
            ledger.add(account, .outputs, count)
        }
        for (entry, count) in entries { ledger.add(account, entry, count) }
    }
}
