package import Sluice

/// Commits a settlement whole, with the ledger and the next receive, in one transaction.
package struct EmbeddedSettler: Settler {
    let store: Store

    package func settle(_ settlement: Settlement, receiving: ReceiveRequest?) async throws -> SettlementResult {
        try await withCheckedThrowingContinuation { continuation in
            store.writer.enqueue(
                StoreWriter.Submission(
                    grows: false,
                    run: { state in
                        let outcomes = try state.settle(settlement)
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
