import Dispatch
import Sluice
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceEmbedded

@Suite("A turn that fails and is done again")
struct FailedTurnTests {
    /// Lets submissions gather until it is opened, so that one turn takes them all.
    private struct Gate: Sendable {
        private let signal = DispatchSemaphore(value: 0)

        func close(_ writer: StoreWriter) {
            let signal = signal
            writer.enqueue(
                StoreWriter.Submission(
                    grows: false,
                    run: { _ in
                        // Open for good: a turn that fails is done again.
                        signal.wait()
                        signal.signal()
                        return {}
                    }, fail: { _ in }))
        }

        func open() { signal.signal() }
    }

    private final class Answers: Sendable {
        private let all = Mutex<[String]>([])
        var texts: [String] { all.withLock { $0 } }
        func note(_ text: String) { all.withLock { $0.append(text) } }
    }

    private func receive(_ waiter: UInt64, _ answers: Answers) -> StoreWriter.Submission {
        StoreWriter.Submission(
            grows: false,
            run: { state in
                let request = ReceiveRequest(limit: 1, wait: nil)
                try state.receive(request, from: state.queue(named: "waits"), waiter: waiter) { result in
                    if case .failure(let error) = result { answers.note("\(error)") } else { answers.note("messages") }
                }
                return {}
            }, fail: { answers.note("\($0)") })
    }

    @Test("a wait that begins and is cancelled in it is answered once")
    func beganAndCancelled() async throws {
        let plan = FaultPlan()
        let folder = try await TemporaryStore(faults: plan.faults)
        let queue = try await folder.makeQueue("grows", .standard)
        _ = try await folder.makeQueue("waits", .standard)
        let (gate, answers, writer) = (Gate(), Answers(), folder.store.writer)
        gate.close(writer)
        writer.enqueue(receive(1_000, answers))
        folder.store.cancel(waiter: 1_000)
        async let sent = queue.put("a")
        async let changed: Void = writer.submit { _ = try $0.add(.unclaimed("another")) }
        plan.fillDisk(true)
        gate.open()
        try await changed
        do { _ = try await sent } catch QueueError.diskFull { answers.note("full") }
        try await writer.submit { _ in }
        #expect(answers.texts.filter { $0.contains("Cancellation") }.count == 1)
        plan.fillDisk(false)
        try await folder.close()
        #expect(answers.texts.filter { $0 != "full" }.count == 1, "\(answers.texts)")
    }

    @Test("a wait of before that is cancelled in it ends as cancelled")
    func cancelledLater() async throws {
        let plan = FaultPlan()
        let folder = try await TemporaryStore(faults: plan.faults)
        _ = try await folder.makeQueue("waits", .standard)
        let (gate, answers, writer) = (Gate(), Answers(), folder.store.writer)
        writer.enqueue(receive(1_000, answers))
        try await writer.submit { _ in }
        gate.close(writer)
        folder.store.cancel(waiter: 1_000)
        async let changed: Void = writer.submit { _ = try $0.add(.unclaimed("another")) }
        plan.fillDisk(true)
        gate.open()
        try await changed
        try await writer.submit { _ in }
        #expect(answers.texts == ["CancellationError()"])
        plan.fillDisk(false)
        try await folder.close()
    }

    @Test("what a former process held stays visible when memory is built anew", arguments: QueueType.allCases)
    func orphans(_ type: QueueType) async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        let pipeline = Pipeline.sample(type)
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        try await bench.intake.put("a", "b")
        #expect(try await bench.receive().count == 2)
        try await engine.restart()
        plan.fillDisk(true)
        await #expect(throws: QueueError.self) { try await bench.intake.put("c") }
        plan.fillDisk(false)
        for text in ["a", "b"] {
            let batch = try await bench.receive()
            #expect(batch.texts == [text])
            #expect(batch.first?.isSuspect == true)
            try await bench.settle(batch, .filtered)
        }
        #expect(try await bench.report(pipeline.intakeQueue).depth.messages == 0)
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    @Test("what a step has taken since the start stays its own when memory is built anew")
    func taken() async throws {
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        let pipeline = Pipeline.sample()
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        try await bench.intake.put("a", "b")
        #expect(try await bench.receive().count == 2)
        try await engine.restart()
        let batch = try await bench.receive()
        plan.fillDisk(true)
        await #expect(throws: QueueError.self) { try await bench.intake.put("c") }
        #expect(try await bench.receive().isEmpty, "a suspect is out alone")
        #expect(try await bench.settle(batch, .filtered).outcomes == [.settled])
        #expect(try await bench.receive().texts == ["b"])
    }
}
