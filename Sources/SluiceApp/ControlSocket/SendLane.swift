import DequeModule
import Sluice
import Synchronization

/// The ordered sends of one connection. What arrived while the last one was being stored is stored together next:
/// a sender that keeps several frames under way pays for one sync, not for one each. After one of them failed none
/// is stored any more, or it would overtake.
final class SendLane: Sendable {
    private struct Entry {
        let call: UInt32
        let payload: SendPayload
        let bytes: Int
    }

    private struct State {
        var waiting: Deque<Entry> = []
        var bytes = 0
    }

    /// How much one connection may have waiting here; a sender that follows the protocol has 2 MB.
    private static let mostBytes = 64 << 20
    /// How much is stored together.
    private static let batchBytes = 2 << 20

    private let control: any Control
    private let writer: ControlWriter
    private let state = Mutex(State())
    private let arrivals: AsyncStream<Void>
    private let arrived: AsyncStream<Void>.Continuation

    init(control: any Control, writer: ControlWriter) {
        self.control = control
        self.writer = writer
        (arrivals, arrived) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func put(_ payload: SendPayload, call: UInt32, bytes: Int) throws {
        try state.withLock { state in
            guard state.bytes + bytes <= Self.mostBytes else {
                throw FrameError(description: "a sender that does not wait for answers")
            }
            state.bytes += bytes
            state.waiting.append(Entry(call: call, payload: payload, bytes: bytes))
        }
        arrived.yield(())
    }

    /// Stores until its task is cancelled.
    func run() async {
        var failure: ControlError?
        for await _ in arrivals {
            while let batch = next() {
                if failure == nil { failure = await store(batch) }
                if let failure { for entry in batch { await writer.fail(entry.call, failure) } }
            }
        }
    }

    /// What waits for one queue, up to `batchBytes`, where one goes on behind the other.
    private func next() -> [Entry]? {
        state.withLock { state in
            guard let first = state.waiting.popFirst() else { return nil }
            var batch = [first]
            var size = first.bytes
            var end = first.payload.position?.advanced(by: first.payload.messages.count)
            while let entry = state.waiting.first, entry.payload.queue == first.payload.queue,
                entry.payload.position == end, size + entry.bytes <= Self.batchBytes
            {
                state.waiting.removeFirst()
                size += entry.bytes
                end = end?.advanced(by: entry.payload.messages.count)
                batch.append(entry)
            }
            state.bytes -= size
            return batch
        }
    }

    private func store(_ batch: [Entry]) async -> ControlError? {
        do {
            let messages = batch.count == 1 ? batch[0].payload.messages : batch.flatMap(\.payload.messages)
            let results = try await control.send(
                messages, to: batch[0].payload.queue, at: batch[0].payload.position)
            var position = 0
            for entry in batch {
                let end = position + entry.payload.messages.count
                let part = SendResultsPayload(Array(results[position..<end]))
                await writer.write(.sendResults, entry.call) { part.encoded(allocator: $0) }
                position = end
            }
            return nil
        } catch {
            return ControlError(error)
        }
    }
}
