import DequeModule
import Sluice
import Synchronization

/// Messages on their way from the input to the queue, with the lines they came from.
struct SendBatch: Sendable {
    var messages: [NewMessage] = []
    /// The line of each message, from 1.
    var lines: [Int] = []
    var tooLong: [LineSplitter.TooLong] = []
    /// How many lines of the input are behind this batch: whoever goes on after it skips so many.
    var linesBehind = 0
    var bytes = 0
    /// Where it stands in all that is sent; from when it is taken out of the buffer on.
    var position: SendPosition?

    mutating func append(_ other: SendBatch) {
        messages += other.messages
        lines += other.lines
        tooLong += other.tooLong
        linesBehind = other.linesBehind
        bytes += other.bytes
    }
}

/// Between the task that reads and the task that sends: holds so much that neither waits for the other for long, and
/// no more.
final class SendBuffer: Sendable {
    private struct State {
        var batches: Deque<SendBatch> = []
        var bytes = 0
        var isFinished = false
        var isInterrupted = false
    }

    private static let mostBytes = 4 << 20

    private let state = Mutex(State())
    private let arrivals = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let room = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// Waits while it is full. Called by one task.
    /// - Returns: false when nobody takes any more.
    func put(_ batch: SendBatch) async -> Bool {
        var signals = room.stream.makeAsyncIterator()
        while true {
            let taken: Bool? = state.withLock { state in
                if state.isFinished { return false }
                guard state.bytes < Self.mostBytes else { return nil }
                state.batches.append(batch)
                state.bytes += batch.bytes
                return true
            }
            if let taken {
                arrivals.continuation.yield(())
                return taken
            }
            guard await signals.next() != nil else { return false }
        }
    }

    /// What waits, up to `limit` bytes but at least one batch; `nil` at the end, and after `interrupt()`. Called by one
    /// task at a time.
    func take(upTo limit: Int) async -> SendBatch? {
        var signals = arrivals.stream.makeAsyncIterator()
        while true {
            let (batch, isOver) = state.withLock { state -> (SendBatch?, Bool) in
                if state.isInterrupted { return (nil, true) }
                return (Self.first(of: &state, upTo: limit), state.isFinished)
            }
            if let batch {
                room.continuation.yield(())
                return batch
            }
            if isOver { return nil }
            guard await signals.next() != nil else { return nil }
        }
    }

    /// Ends the wait of whoever takes, until `resume()`; what waits stays. By a flag: cancelling the task that waits
    /// would end the signals for good.
    func interrupt() {
        state.withLock { $0.isInterrupted = true }
        arrivals.continuation.yield(())
    }

    func resume() { state.withLock { $0.isInterrupted = false } }

    private static func first(of state: inout State, upTo limit: Int) -> SendBatch? {
        guard var batch = state.batches.popFirst() else { return nil }
        while let next = state.batches.first, batch.bytes + next.bytes <= limit {
            state.batches.removeFirst()
            batch.append(next)
        }
        state.bytes -= batch.bytes
        return batch
    }

    /// The input has ended.
    func finish() {
        state.withLock { $0.isFinished = true }
        arrivals.continuation.yield(())
        room.continuation.yield(())
    }

    /// Nothing more is to be sent: what waits is dropped.
    func stop() {
        state.withLock { state in
            state.isFinished = true
            state.batches = []
            state.bytes = 0
        }
        arrivals.continuation.yield(())
        room.continuation.yield(())
    }
}
