import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("A sender's session")
struct SendSessionTests {
    private let start = SendPosition.newSession()

    private func messages(_ texts: String...) -> [NewMessage] { texts.map { NewMessage(body: Bytes($0), group: "g") } }

    @Test(
        "a send whose store dies at its commit is stored once when it is sent again",
        arguments: [StoreFaults.Moment.beforeCommit, .afterCommit], [QueueType.standard, .fifo])
    func dies(at moment: StoreFaults.Moment, _ type: QueueType) async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        try await engine.apply(.sample(type))
        plan.arm(commit: 0, moment)
        await #expect(throws: (any Error).self) {
            _ = try await engine.control.send(messages("a", "b"), to: "orders-in", at: start)
        }
        plan.disarm()
        try await engine.restart()
        let answers = try await engine.control.send(messages("a", "b", "c"), to: "orders-in", at: start)
        let received = try await engine.queue(named: "orders-in").receiveNow()
        #expect(received.texts == ["a", "b", "c"])
        #expect(answers.map(\.storedID) == received.map(\.id))
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("is still known after the messages are gone, and forgotten a day after its last one")
    func forgotten() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        _ = try await engine.control.send(messages("a"), to: "orders-in", at: start)
        engine.clock.advance(by: .hours(23))
        try await engine.restart()
        _ = try await engine.control.send(messages("a", "b"), to: "orders-in", at: start)
        #expect(try await engine.queue(named: "orders-in").receiveNow().texts == ["a", "b"])
        engine.clock.advance(by: .hours(24) + .seconds(15))
        _ = try await engine.control.send(messages("x"), to: "orders-in")
        try await engine.restart()
        await #expect(throws: ControlError.self) {
            _ = try await engine.control.send(messages("c"), to: "orders-in", at: start.advanced(by: 2))
        }
    }

    @Test("what was refused the first time is refused again, and counts as taken")
    func refused() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        let batch = messages("a", "", "b")
        let first = try await engine.control.send(batch, to: "orders-in", at: start)
        #expect(try await engine.control.send(batch, to: "orders-in", at: start) == first)
        guard case .refused = first[1] else {
            Issue.record("an empty message was not refused")
            return
        }
        #expect(try await engine.queue(named: "orders-in").receiveNow().texts == ["a", "b"])
    }

    @Test("the messages of a session have ids of their own, all of them different")
    func ids() {
        let ids = Set((0..<10_000).map { MessageID(of: start.advanced(by: $0)) })
        #expect(ids.count == 10_000)
        #expect(ids.isDisjoint(with: (0..<10_000).map { MessageID(of: SendPosition.newSession().advanced(by: $0)) }))
        #expect(ids.allSatisfy { $0.high >> 12 & 0xF == 4 && $0.low >> 62 == 2 })
    }
}

extension SendResult {
    fileprivate var storedID: MessageID? { if case .stored(let id, _) = self { id } else { nil } }
}
