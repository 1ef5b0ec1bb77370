import Foundation
import GRDB
import HeapModule
import Logging
import Sluice

/// Everything the writer's thread knows, and the only code that changes it.
///
/// An operation checks first and then changes memory; what it changed is noted, and `flush` writes it in one
/// transaction with everything else that waited. If that fails, memory is rebuilt from the file. Not `Sendable`:
/// it never leaves the thread.
///
/// Some properties here, and of `QueueState` and `Chunk`, are `@exclusivity(unchecked)`: every message touches them a
/// dozen times, and the checks were a twentieth of the CPU. They could not fail: one thread has them, and no mutating
/// method of their types takes a closure or calls back, so an access never begins within another to the same one.
final class StoreState {
    let database: StoreDatabase
    let clock: any EngineClock
    let logger: Logger
    /// The moment of the present turn: one for everything that is committed together.
    private(set) var now: Timestamp

    @exclusivity(unchecked) var queues: [Int64: QueueState] = [:]
    var names: [String: Int64] = [:]
    @exclusivity(unchecked) var chunks: [Int64: Chunk] = [:]
    @exclusivity(unchecked) var ledger = LedgerBook()
    @exclusivity(unchecked) var contents = ContentCache()
    var digests = DeadLetterDigests()
    var pipelines: [String: PipelineRecord] = [:]
    /// Pipelines that this process has defined, or is about to: they keep their queues.
    var definedHere: Set<String> = []
    var pauses: [String: PauseRecord] = [:]
    var sendSessions: [UInt128: SendSession] = [:]
    /// Steps whose breaker is open in this process.
    var openBreakers: Set<String> = []
    var timers = Heap<MessageTimer>()
    /// Messages that become visible by themselves: as many timers are not void.
    @exclusivity(unchecked) var scheduled = 0
    /// Chunks whose rows still say that a former process holds messages of them: true only until they are written.
    var orphans: Set<Int64> = []
    var ids = MessageIDSource()
    var nextChunk: Int64 = 1
    /// Numbers of queues are never used again within a process; what a deleted queue had goes with it.
    var nextQueue: Int64 = 1
    /// Move tasks that are under way.
    var moves: [RunningMove] = []
    var nextMove: Int64 = 1
    /// What a queue reads from a record that enters it again.
    var reading: RedriveReading?
    /// When queues were deleted whose names nobody can use again yet.
    var deletedQueues: [String: Timestamp] = [:]
    var nextObject: Int64 = 1
    /// The number of the latest replay of this process; the file knows those before.
    var lastReplay = 0
    /// How far objects have been read that Split has begun.
    var positions = SplitPositions()
    /// The bytes of objects.
    let blobs: BlobFolder
    /// Blobs that an object has lost which this turn deletes.
    var freedBlobs: Set<String> = []
    /// Files of the segments whose rows this turn deletes.
    var freedSegments: [String] = []
    /// Chunks of which little is left: rewritten without what is gone, if that lasts.
    var sparse: Set<Int64> = []
    var nextMaintenance = Timestamp(milliseconds: 0)
    var nextGiveBack = Timestamp(milliseconds: 0)
    var isGivingBack = false
    var lastOverwrite = Timestamp(milliseconds: 0)
    var freedRawCopies = false
    var overwriteAfterCommit = false
    /// What was overwritten in the file still stands in the write-ahead log, for somebody was at it.
    var isLogLeft = false
    var asksForEmptyLog = false
    var conditionWaiters: [ConditionWaiter] = []
    /// Queues at which somebody waits.
    var waited: Set<Int64> = []
    /// The disk has the reserve left: it is for settling, not for what a step would make of what is stored.
    var isDiskFull = false
    /// Called after each commit with the queues whose gauges or records changed.
    let catalogue: QueueCatalogue

    // What the present turn has changed.
    @exclusivity(unchecked) private var builders: [Int64: OpenChunk] = [:]
    private var finished: [FinishedChunk] = []
    @exclusivity(unchecked) var dirty = TouchedNumbers()
    var failures = FailureBook()
    /// Deduplication ids by chunk.
    var remembered: [Int64: ChunkDeduplication] = [:]
    private var statements: [(Database) throws -> Void] = []
    var handouts: [Handout] = []
    /// What the turn before had leased and nobody could be given.
    var unreadable: [(item: Handout.Item, error: any Error)] = []
    /// Those who began to wait in this turn.
    var parked: Set<UInt64> = []
    /// Whose task was cancelled. They are answered after the commit: a turn that fails is done again, and nobody may be
    /// answered twice.
    var cancelled: Set<UInt64> = []
    @exclusivity(unchecked) var changedQueues = TouchedNumbers()
    var changedRecords: Set<Int64> = []
    /// Queues that this turn deletes.
    var removedQueues: Set<Int64> = []
    /// Deleted queues whose waiters have not been told yet.
    var endedQueues: [QueueState] = []
    /// Objects that this turn puts into buckets.
    var objectsOfTurn = 0
    /// The order of a queue has to be built anew, from what this turn has written.
    var reloadAfterCommit = false

    init(
        database: StoreDatabase, blobs: BlobFolder, clock: any EngineClock, catalogue: QueueCatalogue, logger: Logger
    ) {
        self.database = database
        self.blobs = blobs
        self.clock = clock
        self.catalogue = catalogue
        self.logger = logger
        now = clock.now
    }

    /// Begins a turn. Time never goes back within a process.
    func beginTurn() { now = max(now, clock.now) }

    // MARK: Looking up

    func queue(named name: String) throws -> QueueState {
        if let id = names[name] ?? names[QueueType.fifo.fullName(name)] ?? names[QueueNames.bare(name)],
            let queue = queues[id]
        {
            return queue
        }
        throw QueueError.unknown(name, suggestion: NearestName.to(name, among: names.keys))
    }

    /// The queue and chunk of a receipt, if it is the latest one of a message that is there.
    /// - Parameter orLater: a receipt of an earlier receive will do, too.
    func find(
        _ receipt: ReceiptHandle, in queue: QueueState, orLater: Bool = false
    ) -> (chunk: Chunk, ref: MessageRef, state: MessageState)? {
        guard let place = receipt.place, let chunk = chunks[place.chunk], chunk.queue == queue.id,
            (0..<chunk.count).contains(Int(place.index))
        else { return nil }
        let state = chunk.states[Int(place.index)]
        guard state.status != .gone,
            state.generation == receipt.generation || (orLater && state.generation > receipt.generation)
        else { return nil }
        return (chunk, MessageRef(chunk: place.chunk, index: place.index), state)
    }

    // MARK: Changing

    /// Stores one more message in the chunk that this turn writes for `queue`.
    /// - Parameter arrived: since when its retention counts; `nil` = now.
    @discardableResult
    func append(
        _ header: MessageHeader, body: Bytes, to queue: QueueState, state: MessageState = MessageState(),
        arrived: Timestamp? = nil
    ) throws -> MessageRef {
        let open = openChunk(in: queue, for: body.count, arrived: arrived ?? now)
        let chunk = open.chunk
        let index = open.builder.append(header, body: body)
        var group: UInt32?
        if queue.isFIFO {
            group = state.status == .gone ? 0 : queue.fifo.join(header.lineage.group ?? "")
        } else if let name = header.lineage.group, state.status != .gone {
            group = queue.standard.join(name)
        }
        chunk.append(length: body.count, group: group, state: state)
        let ref = MessageRef(chunk: chunk.id, index: Int32(index))
        guard state.status != .gone else { return ref }
        queue.depth.bytes += body.count
        arrive(ref, chunk, queue, state)
        return ref
    }

    /// The chunk that this turn writes for the queue; a new one if that has no room for so many more bytes.
    private func openChunk(in queue: QueueState, for bytes: Int, arrived: Timestamp) -> OpenChunk {
        if let open = builders[queue.id] {
            if open.chunk.arrived == arrived, open.builder.hasRoom(for: bytes) { return open }
            close(queue.id)
        }
        if arrived < now { queue.hasMixedAges = true }
        let stoodStill = queue.record.stoodStill(at: now)
        let chunk = Chunk(id: nextChunk, queue: queue.id, arrived: arrived, stoodStill: stoodStill)
        nextChunk += 1
        chunks[chunk.id] = chunk
        queue.chunks.append(chunk.id)
        changedQueues.insert(queue.id)
        let open = OpenChunk(chunk: chunk, reserving: queue.bytesOfLastChunk)
        builders[queue.id] = open
        return open
    }

    private func close(_ queue: Int64) {
        guard let open = builders.removeValue(forKey: queue) else { return }
        queues[queue]?.bytesOfLastChunk = open.chunk.storedBytes
        finished.append(FinishedChunk(chunk: open.chunk, content: open.builder.finish()))
    }

    /// Stores messages whose bytes a raw copy has.
    /// - Parameter places: of each in the raw copy.
    func append(
        _ headers: [MessageHeader], referringTo origin: Int64, _ content: ChunkContent, places: [Int],
        to queue: QueueState
    ) throws {
        close(queue.id)
        let chunk = Chunk(
            id: nextChunk, queue: queue.id, arrived: now, stoodStill: queue.record.stoodStill(at: now),
            isReference: true)
        nextChunk += 1
        chunks[chunk.id] = chunk
        queue.chunks.append(chunk.id)
        changedQueues.insert(queue.id)
        var builder = ChunkBuilder()
        for (header, place) in zip(headers, places) {
            let body = content.body(at: place)
            let index = builder.append(header, body: body)
            let state = initialState(delay: nil, queue)
            let group =
                queue.isFIFO
                ? queue.fifo.join(header.lineage.group ?? "") : header.lineage.group.map { queue.standard.join($0) }
            chunk.append(length: body.count, group: group, state: state)
            queue.depth.bytes += body.count
            arrive(MessageRef(chunk: chunk.id, index: Int32(index)), chunk, queue, state)
        }
        let reference = ChunkReference(origin: origin, places: places)
        finished.append(FinishedChunk(chunk: chunk, content: builder.finish(), reference: reference))
    }

    /// Puts a message that is new to memory where its state says it is.
    func arrive(_ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, _ state: MessageState) {
        switch state.status {
        case .ready:
            queue.depth.ready += 1
            if queue.isFIFO {
                queue.fifo.insert(ref, group: chunk.groups[Int(ref.index)])
            } else {
                queue.standard.append(ref, group: chunk.group(of: ref.index))
            }
        case .delayed: queue.depth.delayed += 1
        case .held, .inFlight, .backingOff:
            queue.depth.inFlight += 1
            if queue.isFIFO { queue.fifo.lock(ref, group: chunk.groups[Int(ref.index)]) }
            if state.status == .held {
                queue.held += 1
                if state.alone { queue.heldAlone = ref }
            }
        case .gone: break
        }
        if state.visibleAt > 0 { schedule(ref, state) }
    }

    /// The one place where a message's state changes: counts, locks and order follow.
    func change(_ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, to new: MessageState) {
        let index = Int(ref.index)
        let old = chunk.states[index]
        chunk.states[index] = new
        dirty.insert(chunk.id)
        changedQueues.insert(queue.id)

        if old.visibleAt > 0 { scheduled -= 1 }
        switch old.status {
        case .ready: queue.depth.ready -= 1
        case .delayed: queue.depth.delayed -= 1
        case .held, .inFlight, .backingOff: queue.depth.inFlight -= 1
        case .gone: return
        }
        if old.status == .inFlight, !queue.holders.isEmpty { queue.holders[ref] = nil }
        if old.status == .held {
            queue.held -= 1
            if old.alone { queue.heldAlone = nil }
        }
        if new.status == .gone {
            if chunk.failures[index] != nil { failures.forget(ref) }
            chunk.lose(index)
            queue.depth.bytes -= Int(chunk.lengths[index])
        }
        enter(ref, chunk, queue, from: old, to: new)
        if new.visibleAt > 0 { schedule(ref, new) }
    }

    private func enter(
        _ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, from old: MessageState, to new: MessageState
    ) {
        let group = queue.isFIFO ? chunk.groups[Int(ref.index)] : nil
        switch new.status {
        case .ready:
            queue.depth.ready += 1
            if let group {
                queue.fifo.insert(ref, group: group)
            } else {
                queue.standard.putBack(ref, group: chunk.group(of: ref.index))
            }
        case .delayed: queue.depth.delayed += 1
        case .held, .inFlight, .backingOff:
            queue.depth.inFlight += 1
            if new.status == .held {
                queue.held += 1
                if new.alone { queue.heldAlone = ref }
            }
        case .gone: break
        }
        guard let group else {
            if new.status == .gone { queue.standard.leave(chunk.group(of: ref.index)) }
            return
        }
        if new.isInFlight && !old.isInFlight { queue.fifo.lock(ref, group: group) }
        if old.isInFlight && !new.isInFlight { queue.fifo.unlock(ref, group: group) }
        if new.status == .gone { queue.fifo.leave(group) }
    }

    func schedule(_ ref: MessageRef, _ state: MessageState) {
        timers.insert(MessageTimer(due: state.visibleAt, ref: ref, generation: state.generation))
        scheduled += 1
        // What was deleted long before its timeout leaves a void timer: they must not outnumber the others.
        if timers.count > 2 * scheduled + 1_024 { timers = Heap(timers.unordered.filter(isCurrent)) }
    }

    /// Whether the state of a timer's message is still the one that the timer was made for.
    func isCurrent(_ timer: MessageTimer) -> Bool {
        guard let state = chunks[timer.ref.chunk]?.states[Int(timer.ref.index)] else { return false }
        return state.visibleAt == timer.due && state.generation == timer.generation && state.status != .gone
            && state.status != .ready
    }

    /// How many timers are kept, void ones included.
    var timerCount: Int { timers.count }

    /// Rare statements that belong into this turn's transaction.
    func execute(_ statement: @escaping (Database) throws -> Void) { statements.append(statement) }

    // MARK: Reading contents

    /// Headers and bodies of a chunk: from memory if it was used lately, else from the file.
    func content(of chunk: Int64) throws -> ChunkContent {
        if let content = contents[chunk] { return content }
        if let done = finished.first(where: { $0.chunk.id == chunk }) { return done.content }
        if let open = builders.first(where: { $0.value.chunk.id == chunk }) { return open.value.builder.finish() }
        let content = try database.content(of: chunk)
        contents.insert(content, for: chunk)
        return content
    }

    // MARK: Committing

    var hasChanges: Bool {
        !builders.isEmpty || !finished.isEmpty || !dirty.numbers.isEmpty || !statements.isEmpty || ledger.hasAdditions
    }

    /// Writes what this turn has changed, in one transaction. Durable when it returns.
    func flush() throws {
        for queue in builders.keys.sorted() { close(queue) }
        let additions = ledger.takeAdditions()
        try database.transaction { database in
            for done in finished { try insert(done) }
            for id in dirty.numbers { try writeState(of: id) }
            try failures.write(to: self.database)
            for (account, entries) in additions {
                for (entry, count) in entries { try self.database.addToLedger(account, entry, count) }
            }
            for statement in statements { try statement(database) }
        }
        settle()
    }

    private func insert(_ done: FinishedChunk) throws {
        let chunk = done.chunk
        dirty.remove(chunk.id)
        // A replay's bytes are a raw copy already.
        let keep = chunk.isReference ? nil : queues[chunk.queue]?.record.archiveKeep
        chunk.isRawCopy = keep != nil
        guard chunk.live > 0 || chunk.isRawCopy else {
            // Sent and purged in one turn: its number was answered, as a part of sequence numbers, and is never given again.
            try database.insert(chunk, done.content, done.reference)
            return try database.deleteChunk(chunk.id)
        }
        try database.insert(chunk, done.content, done.reference)
        if chunk.live > 0 { try database.putState(of: chunk) }
        if let keep {
            try database.archive(chunk, until: chunk.arrived + keep)
            queues[chunk.queue]?.archivedBytes += chunk.storedBytes
        }
    }

    private func writeState(of id: Int64) throws {
        guard let chunk = chunks[id] else { return }
        if chunk.live > 0 { return try database.putState(of: chunk) }
        try database.deleteState(of: id)
        guard !chunk.isRawCopy else { return }
        try database.deleteChunk(id)
        // Its raw copy's time was over before the last of it left its queue: it is overwritten now.
        let keep = queues[chunk.queue]?.record.pipeline.flatMap { pipelines[$0]?.archiveKeep }
        if let keep, now - chunk.arrived >= keep { freedRawCopies = true }
    }

    /// After a commit: what is gone leaves memory, what was written becomes readable.
    private func settle() {
        for done in finished where done.chunk.live > 0 { contents.insert(done.content, for: done.chunk.id) }
        for id in dirty.numbers.union(finished.map(\.chunk.id)) {
            guard let chunk = chunks[id] else { continue }
            if chunk.live == 0 { forget(chunk) } else if chunk.isSparse { sparse.insert(id) }
        }
        orphans.subtract(dirty.numbers)
        for id in removedQueues {
            if let queue = queues.removeValue(forKey: id) { endedQueues.append(queue) }
            catalogue.remove(id)
        }
        for id in changedQueues.numbers {
            guard let queue = queues[id] else { continue }
            queue.dropGoneChunks { chunks[$0] == nil }
        }
        forgetTurn()
    }

    private func forget(_ chunk: Chunk) {
        chunks[chunk.id] = nil
        contents.remove(chunk.id)
        digests.remove(chunk.id)
        sparse.remove(chunk.id)
        queues[chunk.queue]?.goneChunks += 1
    }

    func forgetTurn() {
        builders.removeAll(keepingCapacity: true)
        finished.removeAll(keepingCapacity: true)
        dirty.removeAll()
        failures.removeAll()
        remembered.removeAll(keepingCapacity: true)
        statements.removeAll()
        removedQueues.removeAll()
        objectsOfTurn = 0
    }

    /// After a turn: tells those who look without asking, and those who wait for room or for quiet.
    func publish() {
        for id in changedRecords {
            if let queue = queues[id] { catalogue.publish(queue) }
        }
        changedRecords.removeAll()
        for id in changedQueues.numbers { queues[id]?.updateGauge() }
        changedQueues.removeAll()
        tellRoom()
        conditionWaiters.removeAll { waiter in
            guard waiter.condition(self) else { return false }
            waiter.answer(.success(()))
            return true
        }
    }
}
