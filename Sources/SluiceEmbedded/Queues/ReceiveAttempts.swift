import DequeModule
import Sluice

/// What FIFO receives with an attempt id were given in the last five minutes, so that a client whose connection broke
/// gets the same again. Memory alone: after a restart the visibility timeout brings the messages back.
struct ReceiveAttempts {
    struct Attempt {
        var items: [Handout.Item]
        var expires: Timestamp
    }

    private var attempts: [String: Attempt] = [:]
    private var expiry: Deque<(id: String, expires: Timestamp)> = []

    var count: Int { attempts.count }

    mutating func items(of id: String, at now: Timestamp) -> [Handout.Item]? {
        prune(at: now)
        return attempts[id]?.items
    }

    mutating func remember(_ items: [Handout.Item], of id: String, until expires: Timestamp, at now: Timestamp) {
        prune(at: now)
        attempts[id] = Attempt(items: items, expires: expires)
        expiry.append((id, expires))
    }

    mutating func prune(at now: Timestamp) {
        while let oldest = expiry.first, oldest.expires <= now {
            expiry.removeFirst()
            if let attempt = attempts[oldest.id], attempt.expires <= now { attempts[oldest.id] = nil }
        }
    }
}

extension StoreState {
    /// The messages that the same attempt was given before, hidden anew; `nil` = it is a new one, or one of them was
    /// deleted or hidden otherwise meanwhile.
    func takeAgain(_ id: String, _ request: ReceiveRequest, from queue: QueueState) -> [Handout.Item]? {
        guard queue.isFIFO, let items = queue.attempts.items(of: id, at: now), !items.isEmpty else { return nil }
        let isUntouched = items.allSatisfy { item in
            chunks[item.ref.chunk]?.states[Int(item.ref.index)] == item.state && item.state.visibleAt > now.milliseconds
        }
        guard isUntouched else { return nil }
        let timeout = request.visibilityTimeout ?? queue.record.settings.visibilityTimeout ?? .seconds(30)
        let again = items.compactMap { item -> Handout.Item? in
            guard let chunk = chunks[item.ref.chunk] else { return nil }
            var state = item.state
            state.visibleAt = moment(after: timeout)
            change(item.ref, chunk, queue, to: state)
            if let who = request.who { queue.holders[item.ref] = who }
            return Handout.Item(ref: item.ref, state: state)
        }
        queue.attempts.remember(again, of: id, until: now + DeduplicationWindow.length, at: now)
        return again
    }

    func remember(_ items: [Handout.Item], of request: ReceiveRequest, in queue: QueueState) {
        guard queue.isFIFO, let id = request.attemptID, !items.isEmpty else { return }
        queue.attempts.remember(items, of: id, until: now + DeduplicationWindow.length, at: now)
    }

    /// - Throws: `QueueError.tooManyInFlight`.
    func checkInFlight(of queue: QueueState) throws {
        let limit = Limits.inFlight.now.upperBound
        guard queue.depth.inFlight >= limit else { return }
        throw QueueError.tooManyInFlight(queue: queue.name, limit: limit)
    }
}

extension SequenceNumber {
    /// Chunks are numbered in the order in which they are committed, and their numbers are never used again.
    init(of ref: MessageRef) {
        self.init(10_000_000_000_000_000_000 + UInt64(ref.chunk) << 16 + UInt64(ref.index))
    }
}
