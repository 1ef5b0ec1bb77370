import Logging
import Sluice

/// Messages whose chunk cannot be read: they wait, and nobody else waits with them.
extension StoreState {
    /// How long a message that cannot be read waits for its next try.
    private static let unreadablePause: Duration = .minutes(1)

    /// Takes back what was leased in the turn before and could not be handed over: that receive is not counted.
    func takeBackUnreadable() {
        for (item, error) in unreadable {
            guard let chunk = chunks[item.ref.chunk], let queue = queues[chunk.queue] else { continue }
            let state = chunk.states[Int(item.ref.index)]
            guard state.generation == item.state.generation, state.isInFlight else { continue }
            setAside(item.ref, chunk, queue, error, uncounted: 1)
        }
    }

    /// In flight without anybody working on it, so that a FIFO group waits behind it.
    func setAside(
        _ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, _ error: any Error, uncounted: UInt32 = 0
    ) {
        var state = chunk.states[Int(ref.index)]
        state.receiveCount -= min(state.receiveCount, uncounted)
        comeBack(ref, chunk, queue, state, after: Self.unreadablePause)
        logger.error(
            "a message cannot be read and waits; `data check` says what is wrong",
            metadata: ["queue": "\(queue.name)", "chunk": "\(ref.chunk)", "error": "\(error)"])
    }
}
