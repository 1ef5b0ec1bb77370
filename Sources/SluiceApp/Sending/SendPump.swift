import DequeModule
import Sluice
import Synchronization

/// Carries an input into a queue: one task reads and cuts, one sends, and between them is a bounded buffer.
struct SendPump: Sendable {
    let input: InputReader
    let control: any Control
    let queue: String
    let group: String?
    /// The longest line, or file with `isWhole`, in bytes.
    let longest: Int
    let isWhole: Bool
    let skip: Int
    let tally: SendTally

    private let buffer = SendBuffer()

    /// How many sends may be under way at once.
    private static let window = 8
    /// The size of one of them.
    private static let frameBytes = 256 << 10
    /// The size of a send to an engine in this process, which knows no several at once.
    private static let localBytes = 2 << 20

    init(
        input: InputReader, control: any Control, queue: String, group: String?, longest: Int, isWhole: Bool,
        skip: Int, tally: SendTally
    ) {
        self.input = input
        self.control = control
        self.queue = queue
        self.group = group
        self.longest = longest
        self.isWhole = isWhole
        self.skip = skip
        self.tally = tally
    }

    /// Returns when all is stored, or after `stop()` when what was under way is; `tally` says what came of it.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { buffer.finish() }
                if isWhole { try await readWhole() } else { try await readLines() }
            }
            tasks.addTask {
                defer { stop() }
                try await sendAll()
            }
            try await tasks.waitForAll()
        }
    }

    /// Reads no more, and drops what was read and not sent.
    func stop() {
        input.stop()
        buffer.stop()
    }

    private func readLines() async throws {
        var splitter = LineSplitter(longest: longest, skip: skip)
        while let piece = try await input.next() {
            var output = LineSplitter.Output()
            splitter.consume(piece, into: &output)
            guard await pass(output, piece.count, splitter) else { return }
        }
        var output = LineSplitter.Output()
        splitter.finish(into: &output)
        _ = await pass(output, 0, splitter)
    }

    private func pass(_ output: LineSplitter.Output, _ bytes: Int, _ splitter: LineSplitter) async -> Bool {
        tally.read(bytes: bytes)
        guard !output.lines.isEmpty || !output.tooLong.isEmpty else { return true }
        var batch = SendBatch(tooLong: output.tooLong, linesBehind: splitter.linesRead)
        batch.messages.reserveCapacity(output.lines.count)
        batch.lines.reserveCapacity(output.lines.count)
        for line in output.lines {
            batch.messages.append(NewMessage(body: line.body, group: group))
            batch.lines.append(line.number)
            batch.bytes += line.body.count
        }
        return await buffer.put(batch)
    }

    private func readWhole() async throws {
        var body: [UInt8] = []
        var length = 0
        while let piece = try await input.next() {
            tally.read(bytes: piece.count)
            length += piece.count
            // Read to its end even when it is too long, so that whoever writes it is not cut off.
            if length <= longest { body += piece } else { body = [] }
        }
        var batch = SendBatch(linesBehind: 1, bytes: body.count)
        if length > longest {
            batch.tooLong = [LineSplitter.TooLong(number: 1, length: length)]
        } else if length > 0 {
            batch.messages = [NewMessage(body: body[...], group: group)]
            batch.lines = [1]
        } else {
            return
        }
        _ = await buffer.put(batch)
    }

    private func sendAll() async throws {
        guard let ordered = control as? any OrderedSending else {
            while let batch = await buffer.take(upTo: Self.localBytes) {
                try tally.add(batch, batch.messages.isEmpty ? [] : await control.send(batch.messages, to: queue))
            }
            return
        }
        var underWay: Deque<(batch: SendBatch, pending: any PendingResults)> = []
        while let batch = await buffer.take(upTo: Self.frameBytes) {
            underWay.append((batch, try ordered.begin(batch.messages, to: queue)))
            if underWay.count == Self.window, let first = underWay.popFirst() {
                try tally.add(first.batch, await first.pending.results())
            }
        }
        while let first = underWay.popFirst() { try tally.add(first.batch, await first.pending.results()) }
    }
}
