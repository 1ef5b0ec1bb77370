import DequeModule
import Sluice
import Synchronization

/// Carries an input into a queue: one task reads and cuts, one sends (`SendLink`), and between them is a bounded buffer.
struct SendPump: Sendable {
    let input: InputReader
    let connect: SendLink.Connect
    let queue: String
    let group: String?
    /// The longest line, or file with `isWhole`, in bytes.
    let longest: Int
    let isWhole: Bool
    let skip: Int
    let tally: SendTally

    private let buffer = SendBuffer()

    init(
        input: InputReader, connect: @escaping SendLink.Connect, queue: String, group: String?, longest: Int,
        isWhole: Bool,
        skip: Int, tally: SendTally
    ) {
        self.input = input
        self.connect = connect
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
                try await SendLink(connect: connect, queue: queue, buffer: buffer, tally: tally).run()
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
        guard splitter.linesRead >= skip else {
            throw CommandFailure(
                .usage, "--skip \(skip): the input has only \(splitter.linesRead) lines; nothing was sent")
        }
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
}
