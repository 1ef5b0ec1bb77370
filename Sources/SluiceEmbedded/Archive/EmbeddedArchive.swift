import Sluice

/// Carries out replays, part by part.
struct EmbeddedArchive: Sendable {
    let store: Store

    /// - Parameter limit: messages, or objects, that are sent at most.
    func continueReplay(_ number: Int, atMost limit: Int) async throws -> ReplayReport {
        let record = try await store.writer.submit { try $0.replay(number) }
        guard !record.report.isFinished, limit > 0 else { return record.report }
        while true {
            do {
                switch record.report.kind {
                case .objects:
                    return try await store.writer.submit(grows: true) {
                        try $0.replayObjects(of: number, atMost: limit)
                    }
                case .messages:
                    if let report = try await replayMessages(number, limit) { return report }
                }
            } catch QueueError.full(let queue, _) {
                try await EmbeddedQueue(name: queue, store: store).waitForRoom()
            }
        }
    }

    /// - Returns: `nil` = something else has changed meanwhile; it has to be looked at again.
    private func replayMessages(_ number: Int, _ limit: Int) async throws -> ReplayReport? {
        guard let part = try await store.writer.submit({ try $0.nextPart(of: number) }) else {
            return try await store.writer.submit { try $0.replay(number).report }
        }
        guard let entry = store.catalogue.find(part.queue), entry.record == part.definition else { return nil }
        // Reading the records is not done on the writer's thread.
        let prepared = try part.prepare(for: entry, store, limit: limit)
        return try await store.writer.submit(grows: true) { try $0.enter(part, prepared) }
    }
}
