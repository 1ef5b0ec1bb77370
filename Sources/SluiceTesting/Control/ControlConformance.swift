package import Sluice
import Testing

/// What a suite needs beside the control itself: records that die and records that are worked off.
package protocol ControlFixture: Sendable {
    /// Over a folder with the pipeline `ControlConformance.pipeline`, nothing in it, and no step running.
    var control: any Control { get }

    /// The first `count` messages of `orders-in` die in the transform, for this reason.
    func bury(_ count: Int, reason: String) async throws

    /// Everything that waits in `orders-in` is filtered by the transform.
    func drain() async throws
}

/// What every `Control` does, whether the engine is in this process or behind a socket.
///
/// ```swift
/// @Test("the remote control keeps its contract", arguments: ControlConformance.checks)
/// func conformance(_ check: ControlConformance.Check) async throws { try await check.run(makeFixture()) }
/// ```
package enum ControlConformance {
    package struct Check: Sendable, CustomTestStringConvertible {
        package let name: String
        package let run: @Sendable (any ControlFixture) async throws -> Void
        package var testDescription: String { name }
    }

    /// The pipeline that a fixture defines: queues `orders-in`, `orders-sqlite` and their dead-letter queues, all
    /// standard; steps `transform` and `sqlite`.
    package static let pipeline = Pipeline(
        name: "orders", source: .queue("orders-in"), transform: Transform(function: "orders-row"),
        deliver: Deliver(to: .sqlite("shop.db"), table: "orders"))

    package static let checks: [Check] =
        sending + sessions + singleQueues + deadLetters + pages + pausing + reloading + waiting

    private static let sending = [
        Check(name: "hello says who answers, in this version of the protocol") { fixture in
            let hello = try await fixture.control.hello()
            #expect(hello.protocolVersion == ControlHello.currentProtocolVersion)
            #expect(hello.processID > 0)
        },
        Check(name: "what is sent is stored, each with an id of its own, and waits") { fixture in
            let results = try await fixture.control.send(messages(["a", "b", "a"]), to: "orders-in")
            #expect(Set(results.compactMap(\.storedID)).count == 3)
            let queue = try #require(try await fixture.control.queues(named: "orders-in").first)
            #expect(queue.depth.messages == 3)
            #expect(queue.ledger[.sent] == 3)
        },
        Check(name: "ten thousand messages of one send are answered one by one") { fixture in
            let results = try await fixture.control.send(messages((0..<10_000).map { "\($0)" }), to: "orders-in")
            #expect(results.compactMap(\.storedID).count == 10_000)
        },
        Check(name: "nothing sent is nothing stored") { fixture in
            let results = try await fixture.control.send([], to: "orders-in")
            #expect(results == [])
        },
        Check(name: "bytes that are no text pass as they are") { fixture in
            let body: [UInt8] = [0, 0xFF, 0xC3, 0x28, 0x0A, 0x0D, 0]
            _ = try await fixture.control.send([NewMessage(body: body[...])], to: "orders-in")
            try await fixture.bury(1, reason: "no text")
            let letters = try await fixture.control.deadLetters(DeadLetterSelection(), limit: 10)
            #expect(letters.map(\.body) == [body])
        },
        Check(name: "a send to a name that nobody defined makes an unclaimed queue") { fixture in
            _ = try await fixture.control.send(messages(["a"]), to: "new-queue")
            let queue = try #require(try await fixture.control.queues(named: "new-queue").first)
            #expect(queue.type == nil)
            #expect(queue.pipeline == nil)
            #expect(queue.depth.ready == 1)
        },
        Check(name: "a queue that is not there is unknown") { fixture in
            await #expect(throws: ControlError.self) { _ = try await fixture.control.queues(named: "nowhere") }
        },
        Check(name: "the status has the pipeline with its steps and queues") { fixture in
            let report = try await fixture.control.status(pipeline: "orders")
            let pipeline = try #require(report.pipelines.first)
            #expect(report.pipelines.count == 1)
            #expect(pipeline.steps.map(\.name.step).sorted() == ["sqlite", "transform"])
            #expect(Set(pipeline.queues.map(\.name)).isSuperset(of: ["orders-in", "orders-sqlite", "orders-in-dlq"]))
            #expect(report.discrepancies == [])
        },
        Check(name: "a pipeline that is not there is unknown") { fixture in
            await #expect(throws: ControlError.self) { _ = try await fixture.control.status(pipeline: "order") }
            await #expect(throws: ControlError.self) {
                _ = try await fixture.control.pause(pipeline: "order", step: nil, reason: nil)
            }
        },
    ]

    private static let sessions = [
        Check(name: "a batch of a session that is sent again is stored once, and answered as it was") { fixture in
            let start = SendPosition.newSession()
            let first = try await fixture.control.send(messages(["a", "b", "a"]), to: "orders-in", at: start)
            #expect(Set(first.compactMap(\.storedID)).count == 3)
            let again = try await fixture.control.send(messages(["a", "b", "a"]), to: "orders-in", at: start)
            #expect(again == first)
            let queue = try #require(try await fixture.control.queues(named: "orders-in").first)
            #expect(queue.depth.messages == 3)
            #expect(queue.ledger[.sent] == 3)
        },
        Check(name: "of a batch that overlaps what was taken only the rest is stored") { fixture in
            let start = SendPosition.newSession()
            let first = try await fixture.control.send(messages(["a", "b"]), to: "orders-in", at: start)
            let next = start.advanced(by: 1)
            let second = try await fixture.control.send(messages(["b", "c", "d"]), to: "orders-in", at: next)
            #expect(second.count == 3)
            #expect(second.first == first.last)
            #expect(Set((first + second).compactMap(\.storedID)).count == 4)
            #expect(try await fixture.control.queues(named: "orders-in").first?.depth.messages == 4)
        },
        Check(name: "a batch before which messages of its session are missing is refused") { fixture in
            let start = SendPosition.newSession()
            _ = try await fixture.control.send(messages(["a"]), to: "orders-in", at: start)
            await #expect(throws: ControlError.self) {
                _ = try await fixture.control.send(messages(["c"]), to: "orders-in", at: start.advanced(by: 2))
            }
            #expect(try await fixture.control.queues(named: "orders-in").first?.depth.messages == 1)
        },
        Check(name: "the same messages of another session are others") { fixture in
            for _ in 0..<2 {
                _ = try await fixture.control.send(messages(["a"]), to: "orders-in", at: .newSession())
            }
            #expect(try await fixture.control.queues(named: "orders-in").first?.depth.messages == 2)
        },
    ]

    private static let deadLetters = [
        Check(name: "dead letters are grouped by cause, numbers in the reason apart") { fixture in
            try await bury(fixture, ["the quantity is 1", "the quantity is 2", "no such day"])
            let groups = try await fixture.control.deadLetterGroups(pipeline: "orders")
            #expect(groups.map(\.count).sorted() == [1, 2])
            let pipeline = try await fixture.control.status(pipeline: nil).pipelines.first
            #expect(pipeline?.dead == 3)
            #expect(pipeline?.deadSince != nil)
        },
        Check(name: "dead letters are chosen by group, by reason in any case, and by id") { fixture in
            try await bury(fixture, ["the quantity is 1", "no such day"])
            let groups = try await fixture.control.deadLetterGroups(pipeline: nil)
            let group = try #require(groups.first { $0.reason == "no such day" })
            let byGroup = try await fixture.control.deadLetters(
                DeadLetterSelection(pipeline: "orders", fingerprint: group.fingerprint), limit: 10)
            #expect(byGroup.map(\.history.latest?.reason) == ["no such day"])
            let byReason = try await fixture.control.deadLetters(DeadLetterSelection(reason: "QUANTITY"), limit: 10)
            #expect(byReason.map(\.history.latest?.reason) == ["the quantity is 1"])
            let id = try #require(byReason.first?.id)
            let byID = try await fixture.control.deadLetters(DeadLetterSelection(ids: [id.description]), limit: 10)
            #expect(byID == byReason)
        },
        Check(name: "no more dead letters are shown than asked for, the oldest first") { fixture in
            try await bury(fixture, ["one", "two", "three"])
            let letters = try await fixture.control.deadLetters(DeadLetterSelection(), limit: 2)
            #expect(letters.map(\.history.latest?.reason) == ["one", "two"])
        },
        Check(name: "a redriven record waits again, with its bytes") { fixture in
            try await bury(fixture, ["one", "two"])
            let report = try await fixture.control.redrive(DeadLetterSelection(reason: "two"), RedriveOptions())
            #expect(report == RedriveReport(redriven: 1, diedAgain: 0, stopped: false))
            let queue = try await fixture.control.queues(named: "orders-in").first
            #expect(queue?.depth.ready == 1)
            #expect(queue?.ledger[.redriven] == 1)
            #expect(try await fixture.control.deadLetters(DeadLetterSelection(), limit: 10).count == 1)
        },
        Check(name: "what is discarded is gone, and counted") { fixture in
            try await bury(fixture, ["one", "two"])
            let count = try await fixture.control.discard(DeadLetterSelection(), reason: "a test", who: "me")
            #expect(count == 2)
            #expect(try await fixture.control.deadLetterGroups(pipeline: nil) == [])
            #expect(try await fixture.control.queues(named: "orders-in-dlq").first?.ledger[.discarded] == 2)
        },
    ]

    private static let pages = [
        Check(name: "page by page all dead letters come, each once, the oldest first") { fixture in
            let reasons = (0..<5).map { "reason \($0)" }
            try await bury(fixture, reasons)
            var seen: [String] = []
            var place: DeadLetterPlace?
            repeat {
                let page = try await fixture.control.deadLetters(DeadLetterSelection(), after: place)
                seen += page.letters.compactMap(\.history.latest?.reason)
                place = page.next
            } while place != nil
            #expect(seen == reasons)
        },
        Check(name: "of what does not match there is an empty page") { fixture in
            try await bury(fixture, ["a"])
            let page = try await fixture.control.deadLetters(DeadLetterSelection(reason: "nothing"), after: nil)
            #expect(page == DeadLetterPage(letters: [], next: nil))
        },
    ]

    private static let pausing = [
        Check(name: "a pause is in the status with its reason until it is resumed") { fixture in
            let paused = try await fixture.control.pause(pipeline: "orders", step: "transform", reason: "a fix")
            #expect(paused == [StepName(pipeline: "orders", step: "transform")])
            guard case .paused(_, "a fix") = try await state(of: "transform", fixture) else {
                Issue.record("the step is not paused")
                return
            }
            #expect(try await state(of: "sqlite", fixture)?.isPaused == false)
            _ = try await fixture.control.resume(pipeline: "orders", step: nil)
            #expect(try await state(of: "transform", fixture)?.isPaused == false)
        },
        Check(name: "a paused pipeline still takes sends") { fixture in
            _ = try await fixture.control.pause(pipeline: "orders", step: nil, reason: nil)
            let results = try await fixture.control.send(messages(["a"]), to: "orders-in")
            #expect(results.count == 1)
        },
    ]

    private static let reloading = [
        Check(name: "where nothing runs there is nothing to reload") { fixture in
            await #expect(throws: ControlError.self) { _ = try await fixture.control.planReload(of: nil) }
            await #expect(throws: ControlError.self) {
                _ = try await fixture.control.reload(["/definitions/orders.yaml"], as: nil)
            }
        }
    ]

    private static let waiting = [
        Check(name: "an empty pipeline is idle") { fixture in
            try await fixture.control.wait(pipeline: "orders", until: .idle)
        },
        Check(name: "waiting ends when the last record is worked off, and holds nobody up meanwhile") { fixture in
            _ = try await fixture.control.send(messages(["a"]), to: "orders-in")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await fixture.control.wait(pipeline: nil, until: .idle) }
                _ = try await fixture.control.status(pipeline: nil)
                try await fixture.drain()
                try await group.waitForAll()
            }
        },
        Check(name: "waiting ends when its task is cancelled") { fixture in
            _ = try await fixture.control.send(messages(["a"]), to: "orders-in")
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await fixture.control.wait(pipeline: nil, until: .idle)
                    }
                }
                group.cancelAll()
            }
        },
    ]

    private static func messages(_ texts: [String]) -> [NewMessage] { texts.map { NewMessage(body: Bytes($0)) } }

    private static func bury(_ fixture: any ControlFixture, _ reasons: [String]) async throws {
        for reason in reasons {
            _ = try await fixture.control.send(messages([reason]), to: "orders-in")
            try await fixture.bury(1, reason: reason)
        }
    }

    private static func state(of step: String, _ fixture: any ControlFixture) async throws -> StepReport.State? {
        let report = try await fixture.control.status(pipeline: "orders")
        return report.pipelines.first?.steps.first { $0.name.step == step }?.state
    }
}

extension SendResult {
    fileprivate var storedID: MessageID? { if case .stored(let id, _) = self { id } else { nil } }
}

extension StepReport.State {
    fileprivate var isPaused: Bool { if case .paused = self { true } else { false } }
}
