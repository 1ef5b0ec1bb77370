import SluiceTesting

/// Chooses what a client asks next: at random, with what anybody has been given.
struct ModelWorker: Sendable {
    let queues: ModelQueues
    let book: MessageBook
    /// Of the queue that is played with, whenever it is made.
    let attributes: ModelAttributes
    var random: SeededGenerator

    mutating func next() -> Operation {
        let facts = book.facts
        let queue = oneIn(5) ? queues.dead : queues.work
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<28: return .sendMessage(queue, drafts(to: queue, facts))
        case 28..<60: return .receiveMessage(queue, options())
        case 60..<78: return delete(facts) ?? .receiveMessage(queue, options())
        case 78..<88: return changeVisibility(facts) ?? .sendMessage(queue, drafts(to: queue, facts))
        case 88..<93: return .getQueueAttributes(queue)
        case 93..<96: return .setQueueAttributes(queue, change(of: queue))
        case 96: return .createQueue(queues.work, oneIn(2) ? attributes : ModelAttributes(fifo: attributes.fifo))
        case 97, 98: return .purgeQueue(queue)
        default: return .deleteQueue(queues.work)
        }
    }

    mutating func wire() -> WireForm { oneIn(2) ? .json : .query }

    private mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    private mutating func one<Element>(_ elements: [Element], or other: Element) -> Element {
        elements.randomElement(using: &random) ?? other
    }

    // MARK: Sending

    private mutating func drafts(to queue: String, _ facts: MessageBook.Facts) -> [Draft] {
        let count = one([1, 1, 2, 3, 5], or: 1)
        return (0..<count).map { _ in queues.isFIFO ? ordered(queue, facts) : draft(queue) }
    }

    private mutating func draft(_ queue: String) -> Draft {
        let key = book.nextKey()
        var draft = Draft(key: key, queue: queue, body: text(), attributes: messageAttributes(key))
        if oneIn(6) { draft.delay = one([0, 1, 15], or: 0) }
        if oneIn(4) { draft.group = "tenant" }
        return draft
    }

    /// Of a FIFO queue: mostly a new one, else one with the deduplication id of another, within five minutes or later.
    private mutating func ordered(_ queue: String, _ facts: MessageBook.Facts) -> Draft {
        let key = book.nextKey()
        let group = one(["a", "b", "c"], or: "a")
        let isByContent = attributes.fifo?.contentBasedDeduplication == true && queue == queues.work && oneIn(2)
        let former = facts.keys.suffix(20).compactMap { facts.drafts[$0] }.filter { $0.queue == queue }
        if oneIn(4), let former = former.randomElement(using: &random) {
            return Draft(
                key: key, queue: queue, body: former.deduplicationID == nil || oneIn(2) ? former.body : text(),
                attributes: messageAttributes(key), group: oneIn(2) ? former.group : group,
                deduplicationID: former.deduplicationID)
        }
        return Draft(
            key: key, queue: queue, body: "\(key) \(text())", attributes: messageAttributes(key), group: group,
            deduplicationID: isByContent ? nil : key)
    }

    private mutating func text() -> String {
        let long = String(repeating: "long ", count: 400)
        return one(
            ["hello", "a < b && c > \"d\"", "ä€😀 % + =", "one\r\ntwo\tthree", "{\"a\": [1, null]}", long], or: "x")
    }

    private mutating func messageAttributes(_ key: String) -> [Draft.Attribute] {
        var attributes = [Draft.Attribute(name: Draft.keyName, type: "String", value: key)]
        if oneIn(3) { attributes.append(Draft.Attribute(name: "amount", type: "Number.euro", value: "12.50")) }
        if oneIn(3) { attributes.append(Draft.Attribute(name: "Blob", type: "Binary", value: "AAH+/w==")) }
        return attributes
    }

    // MARK: Receipts

    private mutating func options() -> ReceiveOptions {
        var options = ReceiveOptions(limit: one([1, 1, 2, 3, 10], or: 1))
        if oneIn(2) { options.visibilityTimeout = one([0, 1, 5, 30, 120], or: 0) }
        if queues.isFIFO, oneIn(4) { options.attempt = one(["first", "second", "third"], or: "first") }
        return options
    }

    /// Handles that anybody was given for one queue: mostly of late, current or not.
    private mutating func handles(_ most: Int, _ facts: MessageBook.Facts) -> (queue: String, handles: [String])? {
        let known = oneIn(4) ? facts.handles : facts.handles.suffix(8)
        guard let first = known.randomElement(using: &random), let queue = facts.receipts[first]?.queue else {
            return nil
        }
        let others = (1..<Int.random(in: 1...most, using: &random) + 1).dropLast().map { _ in one(known, or: first) }
        // One of another queue, or none at all, is told from the others.
        if oneIn(12) { return (queue == queues.work ? queues.dead : queues.work, [first] + others) }
        return (queue, [first] + others.map { oneIn(12) ? "B" + $0.dropFirst() : $0 })
    }

    private mutating func delete(_ facts: MessageBook.Facts) -> Operation? {
        handles(4, facts).map { .deleteMessage($0.queue, $0.handles) }
    }

    private mutating func changeVisibility(_ facts: MessageBook.Facts) -> Operation? {
        guard let (queue, handles) = handles(3, facts) else { return nil }
        let seconds = handles.map { _ in one([0, 0, 3, 30, 300, 43_200], or: 0) }
        return .changeMessageVisibility(queue, zip(handles, seconds).map { VisibilityChange(handle: $0, seconds: $1) })
    }

    // MARK: Attributes

    private mutating func change(of queue: String) -> ModelAttributes.Change {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return .visibilityTimeout(one([0, 1, 10, 60], or: 1))
        case 1: return .delay(one([0, 0, 2, 20], or: 0))
        case 2: return .retention(one([60, 600, 345_600], or: 60))
        default:
            guard queue == queues.work else { return .retention(345_600) }
            return .redrive(oneIn(4) ? nil : redrive())
        }
    }

    private mutating func redrive() -> ModelAttributes.Redrive {
        ModelAttributes.Redrive(target: queues.dead, maxReceiveCount: Int.random(in: 1...4, using: &random))
    }
}

extension ModelAttributes {
    /// Of the queue that a run plays with.
    static func any(_ queues: ModelQueues, _ random: inout SeededGenerator) -> ModelAttributes {
        var attributes = ModelAttributes()
        attributes.visibilityTimeout = [1, 10, 30].randomElement(using: &random) ?? 30
        attributes.delay = [0, 0, 0, 5].randomElement(using: &random) ?? 0
        attributes.retention = [60, 3_600, 345_600].randomElement(using: &random) ?? 60
        if Int.random(in: 0..<4, using: &random) > 0 {
            attributes.redrive = Redrive(
                target: queues.dead, maxReceiveCount: Int.random(in: 1...4, using: &random))
        }
        guard queues.isFIFO else { return attributes }
        attributes.fifo = FIFO(
            contentBasedDeduplication: Bool.random(using: &random), isScopeMessageGroup: Bool.random(using: &random))
        return attributes
    }
}
