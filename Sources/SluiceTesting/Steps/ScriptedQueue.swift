package import Sluice
import Synchronization

/// A queue in memory for tests of steps and their loop: it hands out what was put in, keeps the order of groups, and
/// counts receives as a real one does. What is retried or released is visible again at once.
package final class ScriptedQueue: BoundedQueue {
    struct Entry {
        var message: ReceivedMessage
        var inFlight = false
    }

    struct State {
        var entries: [Entry] = []
        var receives = 0
        var waiting = 0
        var waitingForRoom = 0
        var isFull = false
        var error: QueueError?
    }

    package let name: String
    let ordered: Bool
    let state = Mutex(State())
    /// Notified whenever anything of the queue changes.
    package let changed = Signal()

    package init(_ name: String = "orders-in", ordered: Bool = false) {
        self.name = name
        self.ordered = ordered
    }

    // MARK: The script

    package func put(_ messages: [ReceivedMessage]) {
        change { state in state.entries += messages.map { Entry(message: $0) } }
    }

    /// Makes every later receive fail.
    package func fail(with error: QueueError) { change { $0.error = error } }

    package func setFull(_ full: Bool) { change { $0.isFull = full } }

    // MARK: What was seen

    /// Receives that handed something out or are waiting.
    package var receives: Int { state.withLock { $0.receives } }
    /// Receives that wait for a message now.
    package var waiting: Int { state.withLock { $0.waiting } }
    /// Producers that wait for room now.
    package var waitingForRoom: Int { state.withLock { $0.waitingForRoom } }
    package var count: Int { state.withLock { $0.entries.count } }
    package var inFlight: Int { state.withLock { $0.entries.count(where: \.inFlight) } }
    /// How often each message that is there has been received and it counted.
    package var receiveCounts: [MessageID: Int] {
        state.withLock { state in
            Dictionary(
                state.entries.map { ($0.message.id, $0.message.receiveCount) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Returns as soon as `condition` holds; it is looked at whenever the queue changes.
    package func wait(until condition: @Sendable (ScriptedQueue) -> Bool) async throws {
        while true {
            let version = changed.version
            if condition(self) { return }
            try await changed.wait(after: version)
        }
    }

    // MARK: MessageQueue

    package func send(_ messages: [NewMessage]) async throws -> [SendResult] {
        messages.map { _ in .refused("a scripted queue takes messages from its test alone") }
    }

    package func receive(_ request: ReceiveRequest) async throws -> [ReceivedMessage] {
        change { state in
            state.receives += 1
            state.waiting += 1
        }
        defer { change { $0.waiting -= 1 } }
        while true {
            let version = changed.version
            if let error = state.withLock({ $0.error }) { throw error }
            let messages = take(request.limit)
            if !messages.isEmpty || request.wait == .zero { return messages }
            try await changed.wait(after: version)
        }
    }

    package func extend(_ receipts: [ReceiptHandle], to timeout: Duration) async throws -> [ReceiptResult] {
        receipts.map { _ in .stale }
    }

    package func delete(_ receipts: [ReceiptHandle], by who: String?) async throws -> [ReceiptResult] {
        receipts.map { _ in .stale }
    }

    package var room: Int { state.withLock { $0.isFull ? 0 : .max } }

    package func waitForRoom() async throws {
        change { $0.waitingForRoom += 1 }
        defer { change { $0.waitingForRoom -= 1 } }
        try await wait(until: { !$0.isFull })
    }

    // MARK: The parts

    func take(_ limit: Int) -> [ReceivedMessage] {
        let taken = state.withLock { state -> [ReceivedMessage] in
            var held = Set(state.entries.lazy.filter(\.inFlight).compactMap(\.message.lineage.group))
            if !ordered { held = [] }
            var taken: [ReceivedMessage] = []
            for index in state.entries.indices where taken.count < limit && !state.entries[index].inFlight {
                if ordered, let group = state.entries[index].message.lineage.group, held.contains(group) { continue }
                state.entries[index].inFlight = true
                let old = state.entries[index].message
                state.entries[index].message.receiveCount += 1
                state.entries[index].message.receipt = ReceiptHandle(
                    message: old.id, generation: old.receipt.generation + 1)
                taken.append(state.entries[index].message)
            }
            return taken
        }
        // A receive that found nothing changed nothing: it would wake itself for ever.
        if !taken.isEmpty { changed.notify() }
        return taken
    }

    func change<Result>(_ body: (inout sending State) -> sending Result) -> sending Result {
        let result = state.withLock(body)
        changed.notify()
        return result
    }
}

extension ReceivedMessage {
    /// A message as a test writes it down, not received yet.
    package static func scripted(_ number: Int, _ body: String? = nil, group: String? = nil) -> ReceivedMessage {
        let id = MessageID(high: 0, low: UInt64(number))
        let start = Timestamp(milliseconds: 1_767_225_600_000)
        return ReceivedMessage(
            id: id, body: Bytes(body ?? "\(number)"), receipt: ReceiptHandle(message: id, generation: 0),
            receiveCount: 0, sent: start,
            lineage: Lineage(identity: RecordIdentity("r\(number)"), group: group, received: start))
    }

    /// The same, after its first receive.
    package static func received(_ number: Int, _ body: String? = nil, group: String? = nil) -> ReceivedMessage {
        var message = scripted(number, body, group: group)
        message.receiveCount = 1
        message.receipt = ReceiptHandle(message: message.id, generation: 1)
        return message
    }
}
