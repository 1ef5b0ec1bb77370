package import Sluice

/// Commits a settlement whole, with the ledger and the next receive, in one transaction.
package struct EmbeddedSettler: Settler {
    let store: Store

    package func settle(_ settlement: Settlement, receiving: ReceiveRequest?) async throws -> SettlementResult {
        while true {
            // A definition that came in between reads the records anew.
            if let result = try await settle(settlement, try prepare(settlement), receiving) { return result }
        }
    }

    /// Reads, on the step's own task, the lineages of what Split has made.
    private func prepare(_ settlement: Settlement) throws -> [Int: PreparedPart] {
        var parts: [Int: PreparedPart] = [:]
        for (index, entry) in settlement.entries.enumerated() {
            guard case .split(let part) = entry.disposition, let intake = store.catalogue.find(part.intake) else {
                continue
            }
            parts[index] = PreparedPart(
                intake: intake.name, definition: intake.record, records: store.prepare(part, for: intake))
        }
        return parts
    }

    /// - Returns: `nil` = nothing was done, for the parts were prepared under another definition.
    private func settle(
        _ settlement: Settlement, _ parts: [Int: PreparedPart], _ receiving: ReceiveRequest?
    ) async throws -> SettlementResult? {
        try await withCheckedThrowingContinuation { continuation in
            store.writer.enqueue(
                StoreWriter.Submission(
                    grows: false,
                    run: { state in
                        for part in parts.values where try state.queue(named: part.intake).record != part.definition {
                            return { continuation.resume(returning: nil) }
                        }
                        let outcomes = try state.settle(settlement, parts: parts)
                        guard let receiving else {
                            return { continuation.resume(returning: SettlementResult(outcomes: outcomes, next: [])) }
                        }
                        let items = state.take(receiving, from: try state.queue(named: settlement.queue))
                        state.handouts.append(
                            Handout(items: items) { messages in
                                continuation.resume(
                                    with: messages.map { SettlementResult(outcomes: outcomes, next: $0) })
                            })
                        return {}
                    },
                    fail: { continuation.resume(throwing: $0) }))
        }
    }
}

/// The records of a part of an object, ready to be stored.
struct PreparedPart: Sendable {
    let intake: String
    /// Of the intake queue, when they were prepared.
    let definition: QueueRecord
    let records: [PreparedMessage]
}
