import Logging
import ServiceLifecycle
import Sluice
import SluiceTesting
import Testing

@Suite("The loop of a step", .timeLimit(.minutes(4)))
struct StepLoopTests {
    private let fixture = StepFixture()
    private let queue = ScriptedQueue()

    /// Decides with a closure.
    private struct ScriptedStep: Step {
        let name = StepName(pipeline: "orders", step: "transform")
        let decide: @Sendable ([ReceivedMessage]) async -> [Disposition]
        func process(_ batch: [ReceivedMessage]) async -> [Disposition] { await decide(batch) }
    }

    private func plan(_ batch: Int = 10, concurrency: Int = 1) -> StepLoop.Plan {
        StepLoop.Plan(concurrency: concurrency, batch: batch, ordered: false)
    }

    private func messages(_ count: Int) -> [ReceivedMessage] { (0..<count).map { .scripted($0) } }

    /// Runs a loop while `body` watches it, then cancels it.
    private func run(
        _ step: any Step, _ settler: ScriptedSettler, control: StepControl, _ plan: StepLoop.Plan,
        while body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let loop = StepLoop(
            step, from: queue, settler: settler, control: control, plan: plan, clock: fixture.clock,
            logger: fixture.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await loop.run() }
            group.addTask { try await body() }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private let filtering = ScriptedStep { batch in batch.map { _ in .filtered } }

    @Test("receives, settles, and takes the next batch from the settlement")
    func receivesOnce() async throws {
        let settler = ScriptedSettler(queue)
        queue.put(messages(35))
        try await run(filtering, settler, control: fixture.transformControl(), plan()) { [queue] in
            try await queue.wait { $0.count == 0 && $0.waiting == 1 }
        }
        #expect(settler.settlements.map(\.entries.count) == [10, 10, 10, 5])
        #expect(queue.receives == 2, "one for the first batch, and one that waits for more")
    }

    @Test("a pause stops it from receiving, and a resume lets it go on")
    func pause() async throws {
        let settler = ScriptedSettler(queue)
        let control = fixture.transformControl()
        control.pause(reason: "deploy")
        try await run(filtering, settler, control: control, plan()) { [queue, messages] in
            queue.put(messages(3))
            #expect(queue.receives == 0)
            #expect(control.reportedState == .paused(since: fixture.clock.now, reason: "deploy"))
            control.resume()
            try await queue.wait { $0.count == 0 }
        }
        #expect(settler.settlements.count == 1)
    }

    @Test("a pause reaches a step that already waits for messages")
    func pauseWhileWaiting() async throws {
        let settler = ScriptedSettler(queue)
        let control = fixture.transformControl()
        try await run(filtering, settler, control: control, plan()) { [queue, messages] in
            try await queue.wait { $0.waiting == 1 }
            control.pause(reason: nil)
            try await queue.wait { $0.waiting == 0 }
            queue.put(messages(3))
            control.resume()
            try await queue.wait { $0.count == 0 }
        }
        #expect(queue.receives == 3)
    }

    @Test("a record that cannot be settled is tried again with the reason, not left in flight")
    func unsettledEntry() async throws {
        let settler = ScriptedSettler(queue, maxReceiveCount: 1)
        settler.refuse(RecordIdentity("r1"), "too many attributes")
        queue.put(messages(3))
        try await run(filtering, settler, control: fixture.transformControl(), plan()) { [queue] in
            try await queue.wait { $0.count == 0 }
        }
        #expect(settler.done.map(\.text) == ["r0", "r2"])
        #expect(settler.dead[RecordIdentity("r1")]?.reason == "the settlement failed: too many attributes")
    }

    @Test("paused in the middle of a batch it settles that batch and asks for no more")
    func pauseWhileWorking() async throws {
        let settler = ScriptedSettler(queue)
        let control = fixture.transformControl()
        queue.put(messages(20))
        let step = ScriptedStep { batch in
            control.pause(reason: nil)
            return batch.map { _ in .filtered }
        }
        try await run(step, settler, control: control, plan()) { [queue] in
            try await queue.wait { _ in settler.settlements.count == 1 }
        }
        #expect(settler.requests == [nil])
        #expect(queue.count == 10)
        #expect(queue.inFlight == 0)
    }

    @Test("a full queue behind it holds it back until there is room")
    func downstreamFull() async throws {
        let settler = ScriptedSettler(queue)
        let behind = ScriptedQueue("orders-sqlite")
        behind.setFull(true)
        let control = StepControl(
            name: fixture.pipeline.transformStep, downstream: behind, clock: fixture.clock, logger: fixture.logger)
        queue.put(messages(5))
        try await run(filtering, settler, control: control, plan()) { [queue] in
            try await behind.wait { $0.waitingForRoom == 1 }
            #expect(queue.receives == 0)
            #expect(control.reportedState == .heldBack)
            behind.setFull(false)
            try await queue.wait { $0.count == 0 }
        }
        #expect(settler.done.count == 5)
    }

    @Test("the rate is kept on the engine's clock")
    func rate() async throws {
        let settler = ScriptedSettler(queue)
        let control = StepControl(
            name: fixture.pipeline.deliveryStep, rate: .perSecond(100), clock: fixture.clock, logger: fixture.logger)
        queue.put(messages(1_000))
        try await run(filtering, settler, control: control, plan(500)) { [queue, fixture] in
            for tenth in 1...20 {
                try await queue.wait { $0.count == 1_000 - tenth * 10 && $0.inFlight == 0 }
                fixture.clock.advance(by: .milliseconds(100))
            }
        }
        #expect(settler.settlements.allSatisfy { $0.entries.count == 10 })
    }

    @Test("an open breaker is probed with one record a time, spends no receives, and resumes by itself")
    func breaker() async throws {
        let settler = ScriptedSettler(queue)
        let control = fixture.deliveryControl()
        let sink = RecordingSink { _, _ throws(SinkError) in throw .unavailable(reason: "refused", type: "sql:08006") }
        let step = try fixture.delivery(sink, control: control)
        queue.put(messages(50))
        try await run(step, settler, control: control, plan(20, concurrency: 3)) { [queue, fixture] in
            try await queue.wait {
                $0.inFlight == 0 && !settler.settlements.isEmpty && control.isBreakerOpen
            }
            let before = sink.attempts.count
            for probe in 1...4 {
                fixture.clock.advance(by: .seconds(30))
                try await queue.wait { $0.inFlight == 0 && control.failedProbes == probe }
                #expect(sink.attempts.count == before + probe)
                #expect(sink.attempts.last?.count == 1)
            }
            #expect(Set(queue.receiveCounts.values) == [0], "no receive was spent")
            guard case .breakerOpen(_, "refused", let next) = control.reportedState else {
                Issue.record("the status shows no open breaker")
                return
            }
            #expect(next == fixture.clock.now + .seconds(30))
            sink.answer { batch, _ in batch.map { _ in .written } }
            fixture.clock.advance(by: .seconds(30))
            try await queue.wait { $0.count == 0 }
            #expect(control.reportedState == .running)
        }
        #expect(sink.written.count == 50)
        #expect(settler.dead.isEmpty)
    }

    @Test("a step that answers the wrong number of times is reported, and all is released")
    func wrongNumber() async throws {
        let settler = ScriptedSettler(queue)
        let control = fixture.transformControl()
        queue.put(messages(3))
        let step = ScriptedStep { _ in
            control.pause(reason: nil)
            return [.filtered]
        }
        try await run(step, settler, control: control, plan()) { [queue] in
            try await queue.wait { _ in settler.settlements.count == 1 }
        }
        #expect(settler.settlements[0].entries.map(\.disposition.word) == ["release", "release", "release"])
        #expect(fixture.lines.all.contains { $0.hasPrefix("error: A step must decide once") })
    }

    @Test("a settlement that fails is repeated until it succeeds")
    func settlementRepeated() async throws {
        let settler = ScriptedSettler(queue)
        settler.fail(with: [.diskFull(path: "/x"), .diskFull(path: "/x")])
        queue.put(messages(3))
        try await run(filtering, settler, control: fixture.transformControl(), plan()) { [queue] in
            try await queue.wait { $0.count == 0 }
        }
        #expect(settler.requests.count >= 3)
    }

    @Test("a closed store ends it with the store's error")
    func closed() async throws {
        queue.fail(with: .closed("damaged"))
        await #expect(throws: QueueError.closed("damaged")) {
            try await run(filtering, ScriptedSettler(queue), control: fixture.transformControl(), plan()) { [queue] in
                try await queue.wait { _ in false }
            }
        }
    }

    @Test("asked to stop, it finishes what it holds, receives no more and returns")
    func gracefulShutdown() async throws {
        let settler = ScriptedSettler(queue)
        queue.put(messages(30))
        let started = Signal()
        let step = ScriptedStep { batch in
            started.notify()
            do { try await ServiceLifecycle.gracefulShutdown() } catch { return batch.map { _ in .release() } }
            return batch.map { _ in .filtered }
        }
        let group = serviceGroup(step, settler, plan())
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await started.wait(after: 0)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(settler.done.count == 10)
        #expect(queue.count == 20)
        #expect(queue.inFlight == 0)
    }

    /// A queue that hands out messages in the moment in which the wait for them is cancelled.
    private struct LateQueue: MessageQueue {
        let name = "orders-in"
        let held: [ReceivedMessage]
        let waits = Signal()

        func receive(_ request: ReceiveRequest) async throws -> [ReceivedMessage] {
            waits.notify()
            do { try await Signal().wait(after: 0) } catch {
                for _ in 0..<20 { await Task.yield() }
                return held
            }
            return []
        }

        func send(_ messages: [NewMessage]) async throws -> [SendResult] { [] }
        func extend(_ receipts: [ReceiptHandle], to timeout: Duration) async throws -> [ReceiptResult] { [] }
        func delete(_ receipts: [ReceiptHandle], by who: String?) async throws -> [ReceiptResult] { [] }
    }

    @Test("asked to stop, it works on what it is given in that very moment")
    func receivedWhileStopping() async throws {
        queue.put(messages(3))
        let held = try await queue.receive(ReceiveRequest(limit: 3, holder: .step))
        let late = LateQueue(held: held)
        let settler = ScriptedSettler(queue)
        let loop = StepLoop(
            filtering, from: late, settler: settler, control: fixture.transformControl(), plan: plan(),
            clock: fixture.clock, logger: fixture.logger)
        let group = ServiceGroup(services: [loop], logger: fixture.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await late.waits.wait(after: 0)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(settler.done.count == 3)
    }

    @Test("work that does not end before the deadline is cancelled, released, and spends nothing")
    func shutdownDeadline() async throws {
        let settler = ScriptedSettler(queue)
        queue.put(messages(10))
        let started = Signal()
        let step = try fixture.transform(
            Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in
                if record.body.text == "4" {
                    started.notify()
                    try await Task.sleep(for: .seconds(60))
                }
                return [record.body]
            })
        var short = plan()
        short.drain = .milliseconds(50)
        let group = serviceGroup(step, settler, short)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await started.wait(after: 0)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(settler.done.count == 4)
        #expect(queue.count == 6)
        #expect(queue.inFlight == 0)
        #expect(Set(queue.receiveCounts.values) == [0])
    }

    /// A plan that waits longer for a batch of two than these tests may take; the queue has the first of it after a
    /// full one.
    private var patient: StepLoop.Plan {
        var plan = plan(2)
        plan.batchWindow = .minutes(5)
        return plan
    }

    @Test("asked to stop, it does not wait for a batch to fill that a settlement brought along")
    func shutdownWhileFilling() async throws {
        let settler = ScriptedSettler(queue)
        queue.put(messages(3))
        let group = serviceGroup(filtering, settler, patient)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await queue.wait { $0.count == 1 && $0.waiting == 1 }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(settler.done.count == 3)
    }

    @Test("paused, it does not wait for a batch to fill")
    func pauseWhileFilling() async throws {
        let settler = ScriptedSettler(queue)
        let control = fixture.transformControl()
        queue.put(messages(3))
        try await run(filtering, settler, control: control, patient) { [queue] in
            try await queue.wait { $0.count == 1 && $0.waiting == 1 }
            control.pause(reason: nil)
            try await queue.wait { $0.count == 0 }
        }
    }

    @Test("asked to stop, it still waits between the tries of a settlement that fails")
    func settlementRepeatedWhileStopping() async throws {
        let settler = ScriptedSettler(queue)
        queue.put(messages(3))
        let started = Signal()
        let step = ScriptedStep { batch in
            started.notify()
            do { try await ServiceLifecycle.gracefulShutdown() } catch { return batch.map { _ in .release() } }
            return batch.map { _ in .filtered }
        }
        settler.fail(with: [.diskFull(path: "/x"), .diskFull(path: "/x")])
        let group = serviceGroup(step, settler, plan())
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await started.wait(after: 0)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(settler.done.count == 3)
        #expect(ContinuousClock.now - start >= .milliseconds(200), "two pauses of a tenth of a second or more")
    }

    private func serviceGroup(_ step: any Step, _ settler: ScriptedSettler, _ plan: StepLoop.Plan) -> ServiceGroup {
        let loop = StepLoop(
            step, from: queue, settler: settler, control: fixture.transformControl(), plan: plan,
            clock: fixture.clock, logger: fixture.logger)
        return ServiceGroup(services: [loop], logger: fixture.logger)
    }
}
