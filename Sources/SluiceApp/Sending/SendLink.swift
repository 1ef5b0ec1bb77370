import DequeModule
import Sluice
import Synchronization

/// Sends what the buffer holds, in order, and goes on by itself when the process it sends to ends: what was not
/// answered is sent again, and the store knows by its position what of it is stored.
struct SendLink: Sendable {
    /// Gives a control for as long as the closure takes.
    typealias Connect =
        @Sendable (
            _ attempt: Attempt, _ body: @escaping @Sendable (any Control) async throws -> Void
        ) async throws -> Void

    /// Which of several connections it is.
    enum Attempt: Sendable {
        case first
        /// The process that was sent to has ended.
        case cutOff
        /// This process had the folder, the queue was full, and nobody else could come to empty it.
        case standstill
    }

    let connect: Connect
    let queue: String
    let buffer: SendBuffer
    let tally: SendTally
    private let unanswered = Unanswered()

    /// How many sends may be under way at once.
    private static let window = 8
    /// The size of one of them.
    private static let frameBytes = 256 << 10
    /// The size of a send to an engine in this process, which knows no several at once.
    private static let localBytes = 2 << 20
    /// How long an engine in this process may have no room: while we have its folder nobody takes anything out. Less
    /// than a `run` waits for the folder, more than a commit takes on a slow disk.
    private static let localPatience: Duration = .seconds(2)
    /// So many processes in a row may end without having answered anything.
    private static let mostFruitless = 20

    init(connect: @escaping Connect, queue: String, buffer: SendBuffer, tally: SendTally) {
        self.connect = connect
        self.queue = queue
        self.buffer = buffer
        self.tally = tally
    }

    /// Returns when everything up to the buffer's end is answered.
    /// - Throws: `ControlError.gone` when process after process ended before it answered.
    func run() async throws {
        defer { tally.leave(unanswered: unanswered.batches.reduce(0) { $0 + $1.lines.count }) }
        var attempt = Attempt.first
        var fruitless = 0
        while true {
            let before = tally.counts.linesBehind
            do {
                return try await connect(attempt) { try await drain(through: $0) }
            } catch ControlError.gone(let reason) {
                attempt = .cutOff
                fruitless = tally.counts.linesBehind == before ? fruitless + 1 : 0
                guard fruitless < Self.mostFruitless else {
                    throw ControlError.gone(
                        "\(fruitless) processes in a row ended before they stored anything; the last: \(reason)")
                }
            } catch is Standstill {
                attempt = .standstill
            }
        }
    }

    private func drain(through control: any Control) async throws {
        buffer.resume()
        if let ordered = control as? any OrderedSending {
            try await drain(through: ordered)
        } else {
            for batch in unanswered.batches { try await send(batch, through: control) }
            while let batch = await next(upTo: Self.localBytes) { try await send(batch, through: control) }
        }
    }

    private func next(upTo limit: Int) async -> SendBatch? {
        await buffer.take(upTo: limit).map { unanswered.append($0) }
    }

    private func send(_ batch: SendBatch, through control: any Control) async throws {
        let messages = batch.messages
        guard !messages.isEmpty else { return try answered(batch, []) }
        let queue = queue
        let results: [SendResult]
        do {
            results = try await withTimeout(Self.localPatience) {
                try await control.send(messages, to: queue, at: batch.position)
            }
        } catch is TimeoutError {
            // What of it is stored is known by its position when it is sent again.
            throw Standstill()
        }
        try answered(batch, results)
    }

    private struct Standstill: Error {}

    private func answered(_ batch: SendBatch, _ results: [SendResult]) throws {
        try tally.add(batch, results)
        unanswered.removeFirst()
    }

    private struct Pending: Sendable {
        let batch: SendBatch
        let results: any PendingResults
    }

    /// Two tasks, so that a connection that breaks is noticed while no input comes: one begins sends, one takes answers.
    private func drain(through ordered: any OrderedSending) async throws {
        let (underWay, begun) = AsyncStream.makeStream(of: Pending.self)
        let (places, free) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<Self.window { free.yield(()) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer {
                    buffer.interrupt()
                    free.finish()
                }
                for await pending in underWay {
                    try answered(pending.batch, await pending.results.results())
                    free.yield(())
                }
            }
            defer { begun.finish() }
            var place = places.makeAsyncIterator()
            for batch in unanswered.batches {
                guard await place.next() != nil else { break }
                begun.yield(try begin(batch, ordered))
            }
            while await place.next() != nil, let batch = await next(upTo: Self.frameBytes) {
                begun.yield(try begin(batch, ordered))
            }
            begun.finish()
            try await tasks.waitForAll()
        }
    }

    private func begin(_ batch: SendBatch, _ ordered: any OrderedSending) throws -> Pending {
        Pending(batch: batch, results: try ordered.begin(batch.messages, to: queue, at: batch.position))
    }
}

/// What was taken out of the buffer and not answered yet, in order, whatever happens to connections.
private final class Unanswered: Sendable {
    private struct State {
        var batches: Deque<SendBatch> = []
        var end = SendPosition.newSession()
    }

    private let state = Mutex(State())

    var batches: [SendBatch] { state.withLock { Array($0.batches) } }

    /// - Returns: the batch with its position.
    func append(_ batch: SendBatch) -> SendBatch {
        state.withLock { state in
            var batch = batch
            batch.position = state.end
            state.end = state.end.advanced(by: batch.messages.count)
            state.batches.append(batch)
            return batch
        }
    }

    func removeFirst() { state.withLock { _ = $0.batches.popFirst() } }
}
