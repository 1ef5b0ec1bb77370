import Sluice
import SluiceEmbedded
import SluiceTesting
import Testing

@Suite("The embedded engine from end to end")
struct EngineSmokeTests {
    @Test("records pass from queue to delivery, over a restart, and the ledger adds up", arguments: QueueType.allCases)
    func passes(_ type: QueueType) async throws {
        let fixture = try await TemporaryEngine()
        let pipeline = Pipeline.sample(type, group: type == .fifo ? "$.c" : nil, keep: .days(1))
        try await fixture.apply(pipeline)
        let intake = fixture.queue(named: "orders-in")
        #expect(intake.name == pipeline.intakeQueue)
        let bodies = (1...3).map { #"{"c":\#($0 % 2),"n":\#($0)}"# }
        try await intake.put(bodies)

        let received = try await intake.receive(ReceiveRequest(limit: 10, wait: nil, holder: .step))
        #expect(Set(received.texts) == Set(bodies))
        let passed = received.map { message in
            Disposition.passed([
                Outgoing(queue: pipeline.deliveryQueue, body: message.body, lineage: message.lineage.output(0))
            ])
        }
        let settlement = Settlement(
            queue: pipeline.intakeQueue, step: pipeline.transformStep, of: received, dispositions: passed,
            ordered: type == .fifo)
        let result = try await fixture.settler.settle(settlement, receiving: ReceiveRequest(limit: 10, holder: .step))
        #expect(result.outcomes == [.settled, .settled, .settled])
        #expect(result.next == [])

        try await fixture.restart()
        let outputs = try await fixture.queue(named: pipeline.deliveryQueue).receiveNow(10, as: .step)
        #expect(Set(outputs.map(\.lineage.identity)) == Set(received.map { $0.lineage.identity.output(0) }))
        let delivered = Settlement(
            queue: pipeline.deliveryQueue, step: pipeline.deliveryStep, of: outputs,
            dispositions: outputs.map { _ in .delivered(.written) }, ordered: type == .fifo)
        _ = try await fixture.settler.settle(delivered, receiving: nil)

        let status = try await fixture.control.status(pipeline: nil)
        #expect(status.discrepancies == [])
        let steps = try #require(status.pipelines.first).steps
        #expect(steps.map { $0.ledger[.passed] } == [3, 3])
        try await fixture.control.wait(pipeline: "orders", until: .idle)
        await fixture.close()
        #expect(try await DataCheck.problems(inFolder: fixture.path, logger: TemporaryEngine.quiet()) == [])
    }
}
