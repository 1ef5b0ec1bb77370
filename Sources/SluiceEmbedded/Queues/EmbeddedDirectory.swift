import DequeModule
import Foundation
import GRDB
package import Sluice

/// The queues of the folder, for clients.
package struct EmbeddedDirectory: QueueDirectory {
    let store: Store

    package func find(_ name: String) -> ListedQueue? {
        guard let entry = store.catalogue.entry(named: name), entry.record.isRetired != true else { return nil }
        let record = entry.record
        let owner = record.pipeline.map {
            ListedQueue.Owner(
                pipeline: $0, isIntake: record.role == .intake, readsGroup: record.intake?.group != nil)
        }
        return ListedQueue(
            queue: EmbeddedQueue(name: name, store: store), type: record.type ?? .standard,
            attributes: entry.attributes, owner: owner)
    }

    package func list(prefix: String) -> [String] { store.catalogue.names(prefix: prefix) }

    package func create(
        _ name: String, _ attributes: QueueAttributes
    ) async throws -> (attributes: QueueAttributes, isNew: Bool) {
        try await store.writer.submit(grows: true) { try $0.create(name, attributes) }
    }

    package func change(
        _ name: String, _ change: @escaping @Sendable (inout QueueAttributes) throws -> Void
    ) async throws {
        try await store.writer.submit { state in
            let queue = try state.queue(exactly: name)
            var record = queue.record
            var attributes = record.described
            try change(&attributes)
            guard attributes != record.described else { return }
            record.take(attributes)
            let isDelayChanged = record.settings.delay != queue.record.settings.delay
            try state.update(queue, to: record)
            if queue.isFIFO, isDelayChanged { state.delayAnew(queue) }
        }
    }

    package func depth(of name: String) async throws -> QueueDepth {
        try await store.writer.submit { state in
            let queue = try state.queue(exactly: name)
            state.expireMessages(of: queue)
            return state.report(of: queue).depth
        }
    }

    package func purge(_ name: String, who: String) async throws {
        try await store.writer.submit { try $0.purge(try $0.queue(exactly: name), who: who) }
    }

    package func delete(_ name: String) async throws {
        try await store.writer.submit { try $0.delete(try $0.queue(exactly: name)) }
    }
}

extension StoreState {
    /// Names are not completed: a client that says `orders` does not mean `orders.fifo`.
    func queue(exactly name: String) throws -> QueueState {
        guard let queue = names[name].flatMap({ queues[$0] }), queue.record.isRetired != true else {
            throw QueueError.unknown(name, suggestion: nil)
        }
        return queue
    }

    func create(_ name: String, _ attributes: QueueAttributes) throws -> (attributes: QueueAttributes, isNew: Bool) {
        var attributes = attributes
        attributes.created = now
        attributes.modified = now
        if let queue = names[name].flatMap({ queues[$0] }) {
            guard queue.record.isUnclaimed else { return (queue.record.described, false) }
            var record = queue.record
            record.type = attributes.fifo == nil ? .standard : .fifo
            record.take(attributes)
            if queue.isFIFO != (record.type == .fifo) { reloadAfterCommit = true }
            try update(queue, to: record)
            return (attributes, true)
        }
        if let deleted = deletedQueues[name] {
            guard now - deleted >= Self.nameRests else { throw QueueError.deletedRecently(name) }
            forgetDeleted(name)
        }
        try add(QueueRecord(name, attributes))
        return (attributes, true)
    }

    /// A delay that changes counts for what waits in a FIFO queue, too, as in SQS: else what is sent from now on could
    /// overtake it.
    func delayAnew(_ queue: QueueState) {
        guard queue.depth.delayed > 0 else { return }
        for chunk in queue.chunks.lazy.compactMap({ self.chunks[$0] }) {
            let visibleAt = (chunk.arrived + queue.record.settings.delay).milliseconds
            for index in 0..<chunk.count where chunk.states[index].status == .delayed {
                var state = chunk.states[index]
                state.visibleAt = visibleAt
                change(MessageRef(chunk: chunk.id, index: Int32(index)), chunk, queue, to: state)
            }
        }
    }

    /// How long the name of a deleted queue cannot be used, and a queue not be purged again: as in SQS.
    private static let nameRests: Duration = .seconds(60)

    func purge(_ queue: QueueState, who: String) throws {
        if let purged = queue.purged, now - purged < Self.nameRests { throw QueueError.purgedRecently(queue.name) }
        queue.purged = now
        queue.attempts = ReceiveAttempts()
        forgetDeduplication(of: queue)
        let count = queue.depth.messages
        guard count > 0 else { return }
        takeOut(queue)
        let account = LedgerBook.account(ofQueue: queue.id)
        ledger.add(account, .discarded, count)
        audit("PurgeQueue", queue, count, who: who)
        freedRawCopies = true
    }

    private func forgetDeduplication(of queue: QueueState) {
        queue.deduplication = DeduplicationWindow()
        let id = queue.id
        remembered = remembered.filter { $0.value.queue != id }
        execute { try $0.execute(sql: "DELETE FROM deduplication WHERE queue = ?", arguments: [id]) }
    }

    /// Every message of it is gone.
    private func takeOut(_ queue: QueueState) {
        for id in queue.chunks {
            guard let chunk = chunks[id] else { continue }
            for index in 0..<chunk.count where chunk.states[index].status != .gone {
                change(MessageRef(chunk: id, index: Int32(index)), chunk, queue, to: MessageState(status: .gone))
            }
        }
        // What stands in it is void, and looking at each would take as long as it was.
        queue.standard = FairOrder()
    }

    func delete(_ queue: QueueState) throws {
        if let pipeline = queue.record.pipeline {
            throw QueueError.usedByPipeline(queue: queue.name, pipeline: pipeline)
        }
        takeOut(queue)
        // It leaves memory, and those who wait there are told, once that is durable.
        let (id, name, time) = (queue.id, queue.name, now)
        deletedQueues[name] = time
        removedQueues.insert(id)
        names[name] = nil
        ledger.forget(LedgerBook.account(ofQueue: id))
        execute { database in
            try database.execute(sql: "DELETE FROM queue WHERE id = ?", arguments: [id])
            try database.execute(sql: "DELETE FROM deduplication WHERE queue = ?", arguments: [id])
            try database.execute(sql: "DELETE FROM move_task WHERE source = ?", arguments: [id])
            try database.execute(
                sql: "DELETE FROM ledger WHERE account = ?", arguments: [LedgerBook.account(ofQueue: id)])
            try database.execute(
                sql: "INSERT OR REPLACE INTO deleted_queue VALUES (?, ?)", arguments: [name, time.milliseconds])
        }
    }

    private func forgetDeleted(_ name: String) {
        deletedQueues[name] = nil
        execute { try $0.execute(sql: "DELETE FROM deleted_queue WHERE name = ?", arguments: [name]) }
    }

    func forgetDeletedQueues() {
        for (name, deleted) in deletedQueues where now - deleted >= Self.nameRests { forgetDeleted(name) }
    }

    func loadDeletedQueues(_ database: Database) throws {
        deletedQueues = [:]
        for row in try Row.fetchAll(database, sql: "SELECT name, time FROM deleted_queue") {
            deletedQueues[try row.decode(forColumn: "name")] = try Timestamp(stored: row.decode(forColumn: "time"))
        }
    }
}
