import Sluice
import SluiceTesting
import Testing

@Suite("A delay")
struct DelayTests {
    @Test("that no queue has is refused", arguments: [.seconds(-1), .minutes(16), .seconds(Int64.max)] as [Duration])
    func refused(_ delay: Duration) async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        let results = try await engine.control.send([NewMessage(body: Bytes("a"), delay: delay)], to: "orders-in")
        guard case .refused(let reason) = results.first else {
            Issue.record("\(results)")
            return
        }
        #expect(reason.contains("15 m"), "\(reason)")
    }

    @Test("and a timeout without end are stored as what can be read again")
    func clamped() async throws {
        let engine = try await TemporaryEngine()
        try await engine.apply(.sample())
        let queue = engine.queue(named: "orders-in")
        try await queue.put("a")
        let batch = try await queue.receiveNow()
        #expect(try await queue.extend(batch.receipts, to: .seconds(Int64.max)) == [.done])
        try await engine.restart()
        #expect(try await engine.queue(named: "orders-in").receiveNow() == [])
    }
}
