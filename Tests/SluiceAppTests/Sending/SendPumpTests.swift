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
            input: try InputReader(path: try file(text)), control: control, queue: "orders-in", group: nil,
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

    @Test("when the disk is full, the count says what is stored for certain")
    func diskFull() async throws {
        let control = ScriptedControl()
        await control.setSendError(QueueError.diskFull(path: "/data"))
        let tally = tally()
        let pump = SendPump(
            input: try InputReader(path: try file("a\nb\n")), control: control, queue: "orders-in", group: nil,
            longest: 100, isWhole: false, skip: 0, tally: tally)
        await #expect(throws: QueueError.diskFull(path: "/data")) { try await pump.run() }
        #expect(tally.counts.stored == 0)
        #expect(tally.counts.linesBehind == 0)
    }
}

extension Console {
    /// Nobody reads what it is told.
    static let silent = Console(
        out: { _ in }, err: { _ in }, isTerminal: false, readAnswer: { nil }, environment: [:], workingDirectory: "/")
}
