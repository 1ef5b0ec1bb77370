import Foundation
import Sluice
import SluiceTesting
import Testing

@testable import SluiceApp

@Suite("Sending")
struct SendPumpTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func file(_ text: String) throws -> String {
        let path = folder.path + "/input"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func tally() -> SendTally {
        SendTally(console: .silent, size: nil, longest: 100, skip: 0, unit: "line", quiet: true)
    }

    private func send(
        _ text: String, through control: any Control, whole: Bool = false, longest: Int = 100
    ) async throws -> SendTally.Counts {
        let tally = tally()
        let pump = SendPump(
            input: try InputReader(path: try file(text)), connect: { try await $1(control) }, queue: "orders-in",
            group: nil,
            longest: longest, isWhole: whole, skip: 0, tally: tally)
        try await pump.run()
        return tally.counts
    }

    @Test("every line of a file is stored in order, over a socket")
    func remote() async throws {
        let control = ScriptedControl()
        let lines = (0..<20_000).map { "{\"n\":\($0),\"text\":\"some text to make it longer\"}" }
        let counts = try await withRemote(control) { remote in
            try await send(lines.joined(separator: "\n"), through: remote)
        }
        #expect(counts.stored == 20_000)
        #expect(counts.linesBehind == 20_000)
        #expect(await control.stored.map(\.text) == lines)
    }

    @Test("a line that is too long is refused, and the rest goes on")
    func tooLong() async throws {
        let control = ScriptedControl()
        let counts = try await send("a\n\(String(repeating: "x", count: 101))\nb\n", through: control)
        #expect(counts.stored == 2)
        #expect(counts.refused == 1)
        #expect(counts.linesBehind == 3)
    }

    @Test("a whole file is one message, line ends and all")
    func whole() async throws {
        let control = ScriptedControl()
        #expect(try await send("a\nb\n", through: control, whole: true).stored == 1)
        #expect(await control.stored == [Bytes("a\nb\n")])
        let refused = try await send("too long for this", through: control, whole: true, longest: 3)
        #expect(refused.refused == 1)
    }

    @Test("an empty file is nothing stored, and no error")
    func empty() async throws {
        #expect(try await send("", through: ScriptedControl()) == SendTally.Counts())
    }

    @Test("when processes end without having answered, each line is stored once, in order", arguments: [1, 5])
    func processesEnd(lost: Int) async throws {
        let control = ScriptedControl()
        await control.loseAnswers(lost)
        let lines = (0..<20_000).map { "{\"n\":\($0),\"text\":\"some text to make it longer\"}" }
        let tally = tally()
        let pump = SendPump(
            input: try InputReader(path: try file(lines.joined(separator: "\n"))),
            connect: { _, body in try await withRemote(control) { try await body($0) } }, queue: "orders-in",
            group: nil, longest: 100, isWhole: false, skip: 0, tally: tally)
        try await pump.run()
        #expect(tally.counts.stored == 20_000)
        #expect(await control.stored.map(\.text) == lines)
    }

    @Test("a process that ends while no input comes is noticed, and the next one gets what it had not answered")
    func noticed() async throws {
        let control = ScriptedControl()
        await control.loseAnswers(1)
        let path = folder.path + "/pipe"
        try #require(mkfifo(path, 0o600) == 0)
        let writer = open(path, O_RDWR)
        defer { close(writer) }
        let (connections, connected) = AsyncStream.makeStream(of: Bool.self)
        let pump = SendPump(
            input: try InputReader(path: path),
            connect: { attempt, body in
                connected.yield(attempt != .first)
                try await withRemote(control) { try await body($0) }
            }, queue: "orders-in", group: nil, longest: 100, isWhole: false, skip: 0, tally: tally())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { connected.finish() }
                try await pump.run()
            }
            #expect(write(writer, "a\n", 2) == 2)
            var connections = connections.makeAsyncIterator()
            #expect(await connections.next() == false)
            // Nothing more is written: only the broken connection can be why there is another.
            #expect(await connections.next() == true)
            pump.stop()
            try await group.waitForAll()
        }
        #expect(await control.stored.map(\.text) == ["a"])
    }

    @Test("when process after process ends without storing anything, it gives up")
    func crashLoop() async throws {
        let control = ScriptedControl()
        await control.setSendError(ControlError.gone("the process ended"))
        let tally = tally()
        let pump = SendPump(
            input: try InputReader(path: try file("a\nb\n")), connect: { try await $1(control) }, queue: "orders-in",
            group: nil, longest: 100, isWhole: false, skip: 0, tally: tally)
        await #expect(throws: ControlError.self) { try await pump.run() }
        #expect(tally.counts.unanswered == 2)
        #expect(await control.stored == [])
    }

    @Test("when the disk is full, the count says what is stored for certain")
    func diskFull() async throws {
        let control = ScriptedControl()
        await control.setSendError(QueueError.diskFull(path: "/data"))
        let tally = tally()
        let pump = SendPump(
            input: try InputReader(path: try file("a\nb\n")), connect: { try await $1(control) }, queue: "orders-in",
            group: nil,
            longest: 100, isWhole: false, skip: 0, tally: tally)
        await #expect(throws: QueueError.diskFull(path: "/data")) { try await pump.run() }
        #expect(tally.counts.stored == 0)
        #expect(tally.counts.linesBehind == 0)
    }
}

extension Console {
    /// Nobody reads what it is told.
    static let silent = Console(
        out: { _ in }, err: { _ in }, outBytes: { _ in }, isScreen: false, isTerminal: false, readAnswer: { nil },
        environment: [:], workingDirectory: "/")
}
