import DequeModule
import HeapModule
import Sluice

/// Messages that were taken for somebody in this turn: handed over once the turn is durable.
struct Handout {
    struct Item {
        let ref: MessageRef
        let state: MessageState
    }

    let items: [Item]
    let answer: @Sendable (Result<[ReceivedMessage], any Error>) -> Void
    /// Who had waited for it: goes on waiting if the turn fails.
    var waiter: (queue: Int64, waiter: ReceiveWaiter)?
}

extension StoreState {
    /// Takes up to `request.limit` visible messages out of the order; each is in flight from this turn on.
    func take(_ request: ReceiveRequest, from queue: QueueState) -> [Handout.Item] {
        guard request.limit > 0, queue.depth.ready > 0, queue.record.claimUntil == nil else { return [] }
        if request.holder == .step {
            if queue.heldAlone != nil { return [] }
            return queue.isFIFO ? takeInOrder(request, queue) : takeAny(request, queue)
        }
        var request = request
        request.limit = min(request.limit, Limits.inFlight.now.upperBound - queue.depth.inFlight)
        guard request.limit > 0 else { return [] }
        return queue.isFIFO ? takeInOrder(request, queue) : takeAny(request, queue)
    }

    private func takeAny(_ request: ReceiveRequest, _ queue: QueueState) -> [Handout.Item] {
        var items: [Handout.Item] = []
        while items.count < request.limit, let ref = queue.standard.peek() {
            guard let chunk = readyChunk(of: ref) else {
                queue.standard.pop()
                continue
            }
            let isSuspect = chunk.states[Int(ref.index)].suspect && request.holder == .step
            if isSuspect && !(items.isEmpty && mayBeAlone(chunk.states[Int(ref.index)], in: queue)) { break }
            queue.standard.pop()
            if let item = lease(ref, chunk, queue, request, alone: isSuspect) { items.append(item) }
            if isSuspect { break }
        }
        return items
    }

    private func takeInOrder(_ request: ReceiveRequest, _ queue: QueueState) -> [Handout.Item] {
        var items: [Handout.Item] = []
        var taken: [(group: UInt32, barrier: MessageRef?)] = []
        while items.count < request.limit, let (group, first) = queue.fifo.nextTurn() {
            guard let chunk = readyChunk(of: first) else {
                queue.fifo.skip(in: group)
                continue
            }
            if chunk.states[Int(first.index)].suspect && request.holder == .step {
                guard items.isEmpty, mayBeAlone(chunk.states[Int(first.index)], in: queue) else { break }
                queue.fifo.take(from: group)
                if let item = lease(first, chunk, queue, request, alone: true) { items.append(item) }
                return items
            }
            // At first only what stands in the same chunk: fewer chunks have to be written than if every line were
            // followed to its end. A client gets all of a group before the next, as from SQS.
            let last = request.holder == .step ? first.chunk : .max
            let barrier = queue.fifo.oldestInFlight(of: group)
            takeLine(of: group, within: last, before: barrier, request, queue, into: &items)
            taken.append((group, barrier))
        }
        // A client has had each line to its end, or as far as one that cannot be read.
        guard request.holder == .step else { return items }
        for (group, barrier) in taken where items.count < request.limit {
            takeLine(of: group, within: .max, before: barrier, request, queue, into: &items)
        }
        return items
    }

    /// Whether a suspect may be handed out now. Those of several queues may be out at the same time, each alone of its
    /// queue; where that has once left open which of them ended the process, they are not.
    private func mayBeAlone(_ suspect: MessageState, in queue: QueueState) -> Bool {
        guard queue.held == 0 else { return false }
        return queues.values.allSatisfy { other in
            guard let held = other.heldAlone else { return true }
            return !suspect.contended && chunks[held.chunk]?.states[Int(held.index)].contended == false
        }
    }

    /// As many of one group as the request still has room for: the group is locked behind them.
    /// - Parameter barrier: what somebody else has in flight of it.
    private func takeLine(
        of group: UInt32, within last: Int64, before barrier: MessageRef?, _ request: ReceiveRequest,
        _ queue: QueueState, into items: inout [Handout.Item]
    ) {
        while items.count < request.limit, let ref = queue.fifo.first(of: group), ref.chunk <= last {
            if let barrier, barrier < ref { return }
            guard let chunk = readyChunk(of: ref) else {
                queue.fifo.skip(in: group)
                continue
            }
            if chunk.states[Int(ref.index)].suspect && request.holder == .step { return }
            queue.fifo.take(from: group)
            if let item = lease(ref, chunk, queue, request, alone: false) {
                items.append(item)
            } else if chunk.states[Int(ref.index)].status != .gone {
                // It cannot be read: what is behind it waits with it.
                return
            } else {
                queue.fifo.offerTurn(group)
            }
        }
    }

    /// The chunk of a message that is in the order; `nil` if the message has left it (deleted while visible).
    private func readyChunk(of ref: MessageRef) -> Chunk? {
        guard let chunk = chunks[ref.chunk], chunk.states[Int(ref.index)].status == .ready else { return nil }
        return chunk
    }

    /// One receive of one message. A client's receive beyond the allowed ones moves it to the dead-letter queue
    /// instead, as SQS does; our own steps do that when they settle.
    private func lease(
        _ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, _ request: ReceiveRequest, alone: Bool
    ) -> Handout.Item? {
        var state = chunk.states[Int(ref.index)]
        let settings = queue.record.settings
        if request.holder == .client, isExpired(chunk, in: queue) {
            expire(ref, chunk, queue)
            return nil
        }
        if request.holder == .client, let target = deadLetterQueue(of: queue),
            state.receiveCount >= settings.maxReceiveCount
        {
            let failure = Failure(
                reason: "received \(state.receiveCount) times and not deleted", type: "maxReceiveCount",
                step: queue.record.step ?? queue.name, time: now)
            do {
                try moveToDeadLetters(ref, chunk, queue, target, failure)
            } catch {
                setAside(ref, chunk, queue, error)
            }
            return nil
        }
        state.receiveCount += 1
        state.generation += 1
        if state.firstReceived == 0 { state.firstReceived = now.milliseconds }
        state.alone = alone
        state.status = request.holder == .step ? .held : .inFlight
        switch (request.visibilityTimeout ?? settings.visibilityTimeout, request.holder) {
        case (let timeout?, _): state.visibleAt = moment(after: timeout)
        case (nil, .client): state.visibleAt = moment(after: .seconds(30))
        case (nil, .step): state.visibleAt = 0
        }
        change(ref, chunk, queue, to: state)
        if let who = request.who { queue.holders[ref] = who }
        return Handout.Item(ref: ref, state: state)
    }

    /// The messages of a handout that can be read, with their bytes; the others are set aside in the next turn. Only
    /// after the turn is durable.
    func messages(of items: [Handout.Item]) -> [ReceivedMessage] {
        var messages: [ReceivedMessage] = []
        messages.reserveCapacity(items.count)
        var current: (id: Int64, content: ChunkContent)?
        for item in items {
            do {
                let content: ChunkContent
                if let current, current.id == item.ref.chunk {
                    content = current.content
                } else {
                    content = try self.content(of: item.ref.chunk)
                    current = (item.ref.chunk, content)
                }
                var message = try message(item, content)
                message.position = position(of: message, item)
                messages.append(message)
            } catch {
                unreadable.append((item, error))
            }
        }
        return messages
    }

    /// How far the object has been read that a message announces.
    private func position(of message: ReceivedMessage, _ item: Handout.Item) -> SourcePosition? {
        guard let queue = chunks[item.ref.chunk]?.queue, queues[queue]?.record.objects != nil else { return nil }
        return positions[queue, message.lineage.identity.text]
    }

    private func message(_ item: Handout.Item, _ content: ChunkContent) throws(StoreDamage) -> ReceivedMessage {
        let index = Int(item.ref.index)
        let header = try content.header(at: index)
        let place = ReceiptHandle.Place(chunk: item.ref.chunk, index: item.ref.index)
        var message = ReceivedMessage(
            id: header.id, body: content.body(at: index),
            receipt: ReceiptHandle(message: header.id, generation: item.state.generation, place: place),
            receiveCount: Int(item.state.receiveCount) + (header.death?.carried ?? 0), sent: header.sent,
            lineage: header.lineage, isSuspect: item.state.alone)
        message.firstReceived = Timestamp(milliseconds: item.state.firstReceived)
        message.properties = header.properties
        message.deduplicationID = header.deduplicationID
        if let death = header.death, !death.redriven { message.deadLetterSource = death.source }
        if chunks[item.ref.chunk].flatMap({ queues[$0.queue] })?.isFIFO == true {
            message.sequenceNumber = SequenceNumber(of: item.ref)
        }
        return message
    }

    // MARK: Those who wait

    /// Gives everybody who waits for a first message what is visible now. A step that may not have it yet (a suspect is
    /// out) does not stand in the way of a client.
    func serveWaiters() {
        for queue in waitedQueues {
            var place = 0
            while queue.depth.ready > 0, place < queue.waiters.count {
                let waiter = queue.waiters[place]
                let items = cancelled.contains(waiter.id) ? [] : take(waiter.request, from: queue)
                if items.isEmpty {
                    place += 1
                    continue
                }
                queue.waiters.remove(at: place)
                remember(items, of: waiter.request, in: queue)
                handouts.append(Handout(items: items, answer: waiter.answer, waiter: (queue.id, waiter)))
            }
        }
    }

    /// A receive: what is visible now, or, with a wait, what becomes visible first.
    func receive(
        _ request: ReceiveRequest, from queue: QueueState, waiter id: UInt64,
        answer: @escaping @Sendable (Result<[ReceivedMessage], any Error>) -> Void
    ) throws {
        if let id = request.attemptID, let items = takeAgain(id, request, from: queue) {
            handouts.append(Handout(items: items, answer: answer))
            return
        }
        let items = take(request, from: queue)
        if items.isEmpty, request.wait == .zero, request.holder == .client, !queue.isFIFO {
            try checkInFlight(of: queue)
        }
        if !items.isEmpty || request.wait == .zero {
            remember(items, of: request, in: queue)
            handouts.append(Handout(items: items, answer: answer))
        } else {
            let deadline = request.wait.map { now + $0 }
            queue.waiters.append(ReceiveWaiter(id: id, request: request, deadline: deadline, answer: answer))
            park(id, at: queue)
        }
    }

    /// Undoes what a failed turn did to those who wait.
    func restoreWaiters() {
        for handout in handouts.reversed() {
            guard let (id, waiter) = handout.waiter, let queue = queues[id] else { continue }
            queue.waiters.prepend(waiter)
            waited.insert(id)
        }
        handouts.removeAll()
        for queue in waitedQueues {
            queue.waiters.removeAll { parked.contains($0.id) }
            queue.roomWaiters.removeAll { parked.contains($0.id) }
        }
        conditionWaiters.removeAll { parked.contains($0.id) }
        parked.removeAll()
    }

    /// After a commit: answers those whose wait is over with nothing, and those who were cancelled.
    func endWaits() {
        endCancelled()
        for queue in endedQueues {
            let error = QueueError.unknown(queue.name, suggestion: nil)
            for waiter in queue.waiters { waiter.answer(.failure(error)) }
            for waiter in queue.roomWaiters { waiter.answer(.failure(error)) }
            waited.remove(queue.id)
        }
        endedQueues.removeAll()
        for queue in waitedQueues {
            queue.waiters.removeAll { waiter in
                guard let deadline = waiter.deadline, deadline <= now else { return false }
                waiter.answer(.success([]))
                return true
            }
            if queue.waiters.isEmpty, queue.roomWaiters.isEmpty { waited.remove(queue.id) }
        }
    }

    /// Somebody waits at a queue, for a message or for room.
    func park(_ waiter: UInt64, at queue: QueueState) {
        parked.insert(waiter)
        waited.insert(queue.id)
    }

    /// The queues at which somebody waits, of thousands perhaps.
    private var waitedQueues: [QueueState] { waited.compactMap { queues[$0] } }

    /// Answers those who wait for room where there is some.
    func tellRoom() {
        for queue in waitedQueues where !queue.roomWaiters.isEmpty {
            guard !queue.gauge.isFull(onFullDisk: isDiskFull) else { continue }
            for waiter in queue.roomWaiters { waiter.answer(.success(())) }
            queue.roomWaiters.removeAll()
        }
    }

    private func endCancelled() {
        guard !cancelled.isEmpty else { return }
        for queue in waitedQueues {
            for waiter in queue.waiters where cancelled.contains(waiter.id) {
                waiter.answer(.failure(CancellationError()))
            }
            for waiter in queue.roomWaiters where cancelled.contains(waiter.id) {
                waiter.answer(.failure(CancellationError()))
            }
            queue.waiters.removeAll { cancelled.contains($0.id) }
            queue.roomWaiters.removeAll { cancelled.contains($0.id) }
        }
        for waiter in conditionWaiters where cancelled.contains(waiter.id) {
            waiter.answer(.failure(CancellationError()))
        }
        conditionWaiters.removeAll { cancelled.contains($0.id) }
        cancelled.removeAll()
    }

    /// Makes visible what has waited long enough: delays, visibility timeouts and backoffs that are over.
    func fireTimers() {
        while let timer = timers.min, timer.due <= now.milliseconds {
            timers.removeMin()
            guard isCurrent(timer), let chunk = chunks[timer.ref.chunk], let queue = queues[chunk.queue] else {
                continue
            }
            var state = chunk.states[Int(timer.ref.index)]
            state.status = .ready
            state.visibleAt = 0
            state.alone = false
            change(timer.ref, chunk, queue, to: state)
        }
    }

    /// When the writer has to wake up by itself.
    var nextDeadline: Timestamp {
        var next = min(nextMaintenance, nextGiveBack)
        if !unreadable.isEmpty { next = now }
        if let due = nextMoveDue { next = min(next, due) }
        if let timer = timers.min { next = min(next, Timestamp(milliseconds: timer.due)) }
        for queue in waitedQueues {
            for waiter in queue.waiters { next = min(next, waiter.deadline ?? next) }
        }
        return next
    }
}

extension MessageHeader.Death {
    /// Receives that a dead-letter queue adds to its own, because the count of a message goes on rising there.
    var carried: Int { redriven ? 0 : receiveCount }
}
