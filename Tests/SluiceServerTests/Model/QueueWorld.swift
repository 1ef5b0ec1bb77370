/// What SQS promises of a queue and its dead-letter queue, as a value that is taken from one operation to the next.
///
/// It does not say which messages a receive is answered, but whether it can have been answered these.
struct QueueWorld: Hashable {
    struct Queue: Hashable {
        var attributes: ModelAttributes
        /// By deduplication id, and group where ids count in their group.
        var window: [String: First] = [:]
        var attempts: [String: Attempt] = [:]
        var purged: Int?
        /// The latest SequenceNumber that a send was answered.
        var lastSequence = ""
    }

    /// The message that was stored under a deduplication id.
    struct First: Hashable {
        var key: String
        /// `nil` = its sender was not answered.
        var id: String?
        var sequence: String?
        var expires: Int
    }

    /// What a ReceiveRequestAttemptId was given.
    struct Attempt: Hashable {
        var given: [String: MessageState]
        var expires: Int
    }

    let names: ModelQueues
    /// Milliseconds; stands still while clients are at work.
    private(set) var now: Int
    var queues: [String: Queue] = [:]
    /// When a queue was deleted whose name rests.
    var deleted: [String: Int] = [:]
    /// By the keys of messages. Mostly one state; several = nobody can know yet. One that is surely gone is not here.
    private(set) var messages: [String: Set<MessageState>] = [:]

    init(_ names: ModelQueues, now: Int) {
        self.names = names
        self.now = now
    }

    static func == (left: Self, right: Self) -> Bool {
        left.now == right.now && left.queues == right.queues && left.deleted == right.deleted
            && left.messages == right.messages
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(queues)
        hasher.combine(messages)
    }

    // MARK: Operations

    /// - Throws: `Contradiction` when the answer cannot have been given.
    mutating func take(_ step: Step, _ facts: MessageBook.Facts) throws(Contradiction) {
        if case .refused(let code) = step.answer { return try refuse(step.operation, code) }
        switch (step.operation, step.answer) {
        case (.createQueue(let name, let attributes), .done): try create(name, attributes)
        case (.sendMessage(let name, let drafts), .sent(let sent)):
            try send(drafts, sent, to: name)
        case (.receiveMessage(let name, let options), .received(let sightings)):
            try receive(options, sightings, from: name, facts, isQuiet: step.isQuiet)
        case (.deleteMessage(let name, let handles), .entries(let codes)):
            for (handle, code) in zip(handles, codes) { try delete(handle, .told(code), from: name, facts) }
        case (.changeMessageVisibility(let name, let changes), .entries(let codes)):
            for (change, code) in zip(changes, codes) { try changeVisibility(change, .told(code), in: name, facts) }
        case (.getQueueAttributes(let name), .attributes(let texts)):
            try look(at: name, texts, isQuiet: step.isQuiet)
        case (.deleteQueue(let name), .done): try deleteQueue(name)
        case (.purgeQueue(let name), .done): try purge(name)
        case (.setQueueAttributes(let name, let change), .done): try set(change, of: name)
        default: throw Contradiction("there is no such answer")
        }
    }

    /// What was asked for is not done, and there is a reason.
    private func refuse(_ operation: Operation, _ code: String) throws(Contradiction) {
        let expected: Bool
        switch (operation, code) {
        case (.createQueue(let name, let wanted), "QueueAlreadyExists"):
            expected = queues[name].map { !$0.attributes.includes(wanted) } ?? false
        case (.createQueue(let name, _), "AWS.SimpleQueueService.QueueDeletedRecently"):
            expected = queues[name] == nil && isResting(name)
        case (.createQueue, _): expected = false
        case (.purgeQueue(let name), "AWS.SimpleQueueService.PurgeQueueInProgress"):
            expected = queues[name].map { isPurgedLately($0) } ?? false
        case (_, "AWS.SimpleQueueService.NonExistentQueue"): expected = queues[operation.queue] == nil
        default: expected = false
        }
        if !expected { throw Contradiction("there is no reason to refuse it") }
    }

    func existing(_ name: String) throws(Contradiction) -> Queue {
        guard let queue = queues[name] else { throw Contradiction("the queue is not there") }
        return queue
    }

    // MARK: Queues

    /// How long the name of a deleted queue rests, and a queue is not purged again.
    static let rest = 60_000

    func isResting(_ name: String) -> Bool { deleted[name].map { now - $0 < Self.rest } ?? false }
    private func isPurgedLately(_ queue: Queue) -> Bool { queue.purged.map { now - $0 < Self.rest } ?? false }

    private mutating func create(_ name: String, _ attributes: ModelAttributes) throws(Contradiction) {
        if let queue = queues[name] {
            guard queue.attributes.includes(attributes) else { throw Contradiction("it has other attributes") }
            return
        }
        if isResting(name) { throw Contradiction("its name rests") }
        deleted[name] = nil
        queues[name] = Queue(attributes: attributes)
    }

    private mutating func deleteQueue(_ name: String) throws(Contradiction) {
        _ = try existing(name)
        queues[name] = nil
        deleted[name] = now
        takeOut(of: name)
    }

    private mutating func purge(_ name: String) throws(Contradiction) {
        var queue = try existing(name)
        if isPurgedLately(queue) { throw Contradiction("it was purged a moment ago") }
        queue.purged = now
        queue.window = [:]
        queue.attempts = [:]
        queues[name] = queue
        takeOut(of: name)
    }

    private mutating func takeOut(of name: String) {
        change { _, state in state.queue == name ? [.gone] : [state] }
    }

    private mutating func set(_ change: ModelAttributes.Change, of name: String) throws(Contradiction) {
        var queue = try existing(name)
        queue.attributes.take(change)
        queues[name] = queue
        switch change {
        case .delay(let seconds) where names.isFIFO:
            // It counts for what waits there, too: else what is sent from now on could overtake it.
            self.change { before, state in
                guard state.queue == name, state.isDelayed, state.visibleAt > before.now else { return [state] }
                var state = state
                state.visibleAt = state.arrived + seconds * 1_000
                return [state]
            }
        case .retention:
            self.change { before, state in state.queue == name ? before.lapsing(state) : [state] }
        default: break
        }
    }

    // MARK: Messages

    func states(of key: String) -> Set<MessageState> { messages[key] ?? [.gone] }

    mutating func set(_ key: String, to states: Set<MessageState>) {
        messages[key] = states == [.gone] ? nil : states
    }

    /// Changes what may be of every message.
    /// - Parameter change: is given the world as it was before.
    mutating func change(_ change: (QueueWorld, MessageState) -> Set<MessageState>) {
        let before = self
        for (key, states) in before.messages {
            let changed = states.reduce(into: Set<MessageState>()) { $0.formUnion(change(before, $1)) }
            if changed != states { set(key, to: changed) }
        }
    }

    /// Whether the time of a message is over. One in flight is left to whoever has it.
    func isExpired(_ state: MessageState) -> Bool {
        guard let queue = state.queue.flatMap({ queues[$0] }), !state.isInFlight(at: now) else { return false }
        return now - state.arrived >= queue.attributes.retention * 1_000
    }

    /// A message whose time is over is not received any more; whether it is still there is seen later.
    func lapsing(_ state: MessageState) -> Set<MessageState> { isExpired(state) ? [state, .gone] : [state] }

    // MARK: Time

    /// Time passes while nobody is at work, and every queue is looked at.
    mutating func advance(to moment: Int) {
        now = moment
        change { before, state in before.isExpired(state) ? [.gone] : [state] }
        queues = queues.mapValues { queue in
            var queue = queue
            queue.window = queue.window.filter { $0.value.expires > moment }
            queue.attempts = queue.attempts.filter { $0.value.expires > moment }
            return queue
        }
        deleted = deleted.filter { moment - $0.value < Self.rest }
    }

    /// What only the memory of the process knew: attempts to receive, and when a queue was purged.
    mutating func restart() {
        for name in queues.keys {
            queues[name]?.attempts = [:]
            queues[name]?.purged = nil
        }
    }

    /// Moments to come at which something changes by itself.
    var moments: [Int] {
        var moments = deleted.values.map { $0 + Self.rest }
        for queue in queues.values { moments += queue.window.values.map(\.expires) }
        for state in messages.values.joined() {
            moments.append(state.visibleAt)
            if let queue = state.queue.flatMap({ queues[$0] }) {
                moments.append(state.arrived + queue.attributes.retention * 1_000)
            }
        }
        return moments.filter { $0 > now }.sorted()
    }
}

extension ModelAttributes {
    /// Whether a queue that has these is one that has the others; a RedrivePolicy that is not asked for may be there.
    func includes(_ wanted: ModelAttributes) -> Bool {
        var same = self
        if wanted.redrive == nil { same.redrive = nil }
        return same == wanted
    }
}
