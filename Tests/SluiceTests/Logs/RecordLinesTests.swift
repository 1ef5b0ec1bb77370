import Logging
import Sluice
import SluiceTesting
import Testing

@Suite("What a step says of records that fail")
struct RecordLinesTests {
    @Test("each failure is a line with the record: tried again, rejected, or out of receives")
    func failures() async throws {
        let (fixture, queue, sink) = (StepFixture(), ScriptedQueue(), RecordingLogSink())
        let settler = ScriptedSettler(queue)
        let step = try fixture.transform(
            Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in
                try StepFixture.obedient(record.receiveCount == 3 ? "filter" : record.body.text)
            })
        queue.put([.scripted(0, "retry"), .scripted(1, "reject"), .scripted(2, "fine")])
        let loop = StepLoop(
            step, from: queue, settler: settler, control: fixture.transformControl(),
            plan: StepLoop.Plan(concurrency: 1, batch: 10, ordered: false, maxReceiveCount: 2), clock: fixture.clock,
            logger: fixture.logger, log: sink.log())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await loop.run() }
            group.addTask { try await queue.wait { $0.count == 0 && $0.waiting == 1 } }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(sink.entries.map(\.fields["record"]) == ["r0", "r1", "r0"])
        #expect(sink.entries.map(\.level) == [.warning, .error, .error])
        #expect(
            sink.entries.map(\.message) == [
                "Record r0 failed at receive 1: not now; it is tried again in 1 s",
                "Record r1 failed at receive 1: never; it goes to the dead-letter queue",
                "Record r0 failed at receive 2: not now; it goes to the dead-letter queue",
            ])
    }
}
