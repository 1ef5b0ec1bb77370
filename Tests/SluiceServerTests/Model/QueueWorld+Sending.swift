extension QueueWorld {
    /// - Parameter answers: `nil` = the sender was not answered.
    mutating func send(_ drafts: [Draft], _ answers: [Answer.Sent]?, to name: String) throws(Contradiction) {
        guard drafts.count == answers?.count ?? drafts.count else { throw Contradiction("not all were answered") }
        for (place, draft) in drafts.enumerated() {
            var queue = try existing(name)
            try send(draft, answers?[place], to: name, &queue)
            queues[name] = queue
        }
    }

    private mutating func send(
        _ draft: Draft, _ sent: Answer.Sent?, to name: String, _ queue: inout Queue
    ) throws(Contradiction) {
        let attributes = queue.attributes
        if let id = Self.deduplicationID(of: draft, attributes) {
            if let first = queue.window[id], first.expires > now {
                queue.window[id] = try repeated(first, sent)
                return
            }
            if let sent, queue.window.values.contains(where: { $0.id == sent.id }) {
                throw Contradiction("\(draft.key) is stored, and not a duplicate")
            }
            queue.window[id] = First(key: draft.key, id: sent?.id, sequence: sent?.sequence, expires: now + 300_000)
        }
        if names.isFIFO, let sent {
            guard let sequence = sent.sequence, sequence > queue.lastSequence else {
                throw Contradiction("\(sent.sequence ?? "no number") comes after \(queue.lastSequence)")
            }
            queue.lastSequence = sequence
        }
        let delay = 1_000 * ((names.isFIFO ? nil : draft.delay) ?? attributes.delay)
        let state = MessageState(
            queue: name, id: sent?.id, sequence: sent?.sequence, sent: now, arrived: now, visibleAt: now + delay,
            isDelayed: delay > 0)
        guard states(of: draft.key) == [.gone] else { throw Contradiction("\(draft.key) is there already") }
        set(draft.key, to: [state])
    }

    /// What the window knows a message by.
    private static func deduplicationID(of draft: Draft, _ attributes: ModelAttributes) -> String? {
        guard let fifo = attributes.fifo else { return nil }
        // A text is as good as its hash, and cannot be an id: those have no space.
        let id = draft.deduplicationID ?? "content \(draft.body)"
        return fifo.isScopeMessageGroup ? "\(draft.group ?? "") \(id)" : id
    }

    /// A duplicate is answered as the first was.
    private mutating func repeated(_ first: First, _ sent: Answer.Sent?) throws(Contradiction) -> First {
        guard let sent else { return first }
        var first = first
        guard (first.id ?? sent.id) == sent.id, (first.sequence ?? sent.sequence) == sent.sequence else {
            throw Contradiction("a duplicate of \(first.key) is \(sent.id), and not \(first.id ?? "")")
        }
        first.id = sent.id
        first.sequence = sent.sequence
        let known = states(of: first.key).map { state in
            var state = state
            // Where it was dead-lettered it has another number.
            if state.queue != nil, state.id == nil { state.id = sent.id }
            return state
        }
        set(first.key, to: Set(known))
        return first
    }
}
