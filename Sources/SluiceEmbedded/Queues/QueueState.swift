import DequeModule
import Sluice

/// What the writer's memory holds of one queue: which messages are where. All of it is rebuilt from headers and
/// states; nothing here is the only copy.
final class QueueState {
    let id: Int64
    @exclusivity(unchecked) var record: QueueRecord { didSet { fifo.takesOldest = record.pipeline != nil } }
    let gauge: QueueGauge
    @exclusivity(unchecked) var standard = FairOrder()
    @exclusivity(unchecked) var fifo = FIFOOrder()
    @exclusivity(unchecked) var depth = QueueDepth()
    /// Messages that a step of ours holds.
    @exclusivity(unchecked) var held = 0
    /// The suspect that a step holds: nothing else is handed out to steps meanwhile.
    @exclusivity(unchecked) var heldAlone: MessageRef?
    /// Chunks with messages left, oldest first; a few of them may be gone.
    var chunks: Deque<Int64> = []
    /// Messages of it are older than those before them: they keep their age in a client's dead-letter queue.
    var hasMixedAges = false
    /// Of the bodies that the last turn has stored.
    var bytesOfLastChunk = 0
    /// How many numbers in `chunks` are of chunks that are gone.
    var goneChunks = 0
    var deduplication = DeduplicationWindow()
    var attempts = ReceiveAttempts()
    var purged: Timestamp?
    /// Which client has which message, as far as this process knows.
    @exclusivity(unchecked) var holders: [MessageRef: String] = [:]
    var waiters: Deque<ReceiveWaiter> = []
    var roomWaiters: [RoomWaiter] = []
    /// What the raw copies of what entered here take: bytes of messages, and of segments; or of objects.
    var archivedBytes = 0

    init(id: Int64, record: QueueRecord, gauge: QueueGauge) {
        self.id = id
        self.record = record
        self.gauge = gauge
        fifo.takesOldest = record.pipeline != nil
        gauge.setLimits(record.settings, archived: record.archiveMaxSize)
    }

    var name: String { record.name }
    var isFIFO: Bool { record.type == .fifo }

    /// Forgets everything but who waits, before it is rebuilt.
    func clear() {
        standard = FairOrder()
        fifo = FIFOOrder()
        fifo.takesOldest = record.pipeline != nil
        depth = QueueDepth()
        held = 0
        heldAlone = nil
        hasMixedAges = false
        holders = [:]
        purged = nil
        chunks = []
        goneChunks = 0
        archivedBytes = 0
    }

    /// - Throws: `QueueError.archiveFull` when there is no room for more raw copies.
    func checkArchive() throws {
        if isArchiveFull { throw QueueError.archiveFull(queue: name, size: record.archiveMaxSize ?? 0) }
    }

    var isArchiveFull: Bool { record.archiveMaxSize.map { archivedBytes >= $0 } ?? false }

    /// Drops the numbers of chunks that are gone: at the front always, behind one that stays once there are many.
    func dropGoneChunks(_ isGone: (Int64) -> Bool) {
        while let oldest = chunks.first, isGone(oldest) {
            chunks.removeFirst()
            goneChunks -= 1
        }
        guard goneChunks > 64, goneChunks > chunks.count / 2 else { return }
        chunks.removeAll(where: isGone)
        goneChunks = 0
    }

    /// Where in `chunks` the first one after `chunk` stands.
    func firstPlace(after chunk: Int64) -> Int {
        var places = chunks.startIndex..<chunks.endIndex
        while !places.isEmpty {
            let middle = places.lowerBound + places.count / 2
            places = chunks[middle] > chunk ? places.lowerBound..<middle : middle + 1..<places.upperBound
        }
        return places.lowerBound
    }

    func updateGauge() { gauge.set(messages: depth.messages, bytes: depth.bytes, archived: archivedBytes) }
}

/// Somebody who waits for a first message.
struct ReceiveWaiter {
    let id: UInt64
    let request: ReceiveRequest
    let deadline: Timestamp?
    let answer: @Sendable (Result<[ReceivedMessage], any Error>) -> Void
}

/// Somebody who waits until a full queue has room.
struct RoomWaiter {
    let id: UInt64
    let answer: @Sendable (Result<Void, any Error>) -> Void
}
