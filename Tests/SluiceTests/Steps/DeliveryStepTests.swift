import SluiceTesting
import Testing

@testable import Sluice

@Suite("The delivery step", .timeLimit(.minutes(4)))
struct DeliveryStepTests {
    private let fixture = StepFixture()

    private func batch(_ count: Int) -> [ReceivedMessage] { (0..<count).map { .received($0) } }

    private func ids(_ numbers: Int...) -> [RecordIdentity] { numbers.map { RecordIdentity("r\($0)") } }

    /// Rejects those of `bad` in a batch, by their places; `atOnce` of them in one answer, 0 = without naming any.
    private func rejecting(_ bad: Set<String>, atOnce: Int = .max) -> RecordingSink.Script {
        { batch, _ throws(SinkError) in
            let indices = batch.indices.filter { bad.contains(batch[$0].identity.text) }
            if indices.isEmpty { return batch.map { _ in .written } }
            if atOnce == 0 { throw .batchRejected(reason: "400", type: "http:400") }
            throw .rejected(
                indices.prefix(atOnce).map { SinkRejection(index: $0, reason: "no such color", type: "sql:23514") })
        }
    }

    @Test("says for each record what it came to at the sink")
    func effects() async throws {
        let sink = RecordingSink { _, _ in [.written, .repeated, .stale, .ignored] }
        let answers = try await fixture.delivery(sink).process(batch(4))
        #expect(answers.map(\.word) == ["written", "repeated", "stale", "ignored"])
    }

    @Test("records that the sink rejects are dead, and the others are tried again at once", arguments: [1, .max])
    func rejected(_ atOnce: Int) async throws {
        let sink = RecordingSink(rejecting(["r1", "r3"], atOnce: atOnce))
        let answers = try await fixture.delivery(sink).process(batch(5))
        #expect(answers.map(\.word) == ["written", "dead", "written", "dead", "written"])
        let oneByOne = [ids(0, 1, 2, 3, 4), ids(0, 2, 3, 4), ids(0, 2, 4)]
        #expect(sink.attempts == (atOnce == 1 ? oneByOne : [oneByOne[0], oneByOne[2]]))
        #expect(answers[1].failure?.type == "sql:23514")
        #expect(answers[1].failure?.step == "sqlite")
    }

    @Test("a batch in which everything is rejected is written once")
    func allRejected() async throws {
        let sink = RecordingSink { batch, _ throws(SinkError) in
            throw .rejected(batch.indices.map { SinkRejection(index: $0, reason: "no", type: "not-json") })
        }
        let answers = try await fixture.delivery(sink).process(batch(500))
        #expect(answers.allSatisfy { $0.word == "dead" })
        #expect(sink.attempts.count == 1)
    }

    @Test("a sink that names records it was not given is believed about the others; if there are none, it is halved")
    func miscounts() async throws {
        let sink = RecordingSink { batch, attempt throws(SinkError) in
            let index = attempt == 1 ? 1 : 99
            if batch.count > 1 {
                throw .rejected([7, -1, index, index].map { SinkRejection(index: $0, reason: "no", type: "t") })
            }
            return [.written]
        }
        let answers = try await fixture.delivery(sink).process(batch(3))
        #expect(answers.map(\.word) == ["written", "dead", "written"])
        #expect(sink.attempts == [ids(0, 1, 2), ids(0, 2), ids(0), ids(2)])
    }

    @Test("a batch that nobody can tell apart is halved, in order, down to the record")
    func batchRejected() async throws {
        let sink = RecordingSink(rejecting(["r2"], atOnce: 0))
        let answers = try await fixture.delivery(sink).process(batch(4))
        #expect(answers.map(\.word) == ["written", "written", "dead", "written"])
        #expect(sink.attempts == [ids(0, 1, 2, 3), ids(0, 1), ids(2, 3), ids(2), ids(3)])
    }

    @Test("behind a rejected record that is to be retried, its group is not written")
    func groupsWait() async throws {
        let fifo = StepFixture(.fifo, errors: [ErrorRule(match: "sql:*", then: .retry)])
        let sink = RecordingSink(rejecting(["r1"]))
        let answers = try await fifo.delivery(sink).process([
            .received(0, group: "a"), .received(1, group: "a"), .received(2, group: "b"), .received(3, group: "a"),
        ])
        #expect(answers.map(\.word) == ["written", "retry", "written", "release"])
        #expect(sink.written == ids(0, 2))
    }

    @Test("of rejected records of one group that are to be retried only the first pays, the others are released")
    func rejectedInOneGroup() async throws {
        let fifo = StepFixture(.fifo, errors: [ErrorRule(match: "sql:*", then: .retry)])
        let sink = RecordingSink(rejecting(["r0", "r2", "r3"]))
        let answers = try await fifo.delivery(sink).process([
            .received(0, group: "a"), .received(1, group: "b"), .received(2, group: "a"), .received(3, group: "c"),
        ])
        #expect(answers.map(\.word) == ["retry", "written", "release", "retry"])
        #expect(sink.attempts == [ids(0, 1, 2, 3), ids(1)])
    }

    /// The sink refuses r2 because r1 has taken its key; but r1 waits behind r0, and is not written now.
    @Test("a rejected record is judged anew when one that it was judged with has to wait")
    func judgedAnew() async throws {
        let fifo = StepFixture(.fifo, errors: [ErrorRule(match: "sql:*", then: .retry)])
        let sink = RecordingSink { batch, _ throws(SinkError) in
            let ids = batch.map(\.identity.text)
            var rejections: [SinkRejection] = []
            if let index = ids.firstIndex(of: "r0") {
                rejections.append(.init(index: index, reason: "", type: "sql:1"))
            }
            if ids.contains("r1"), let index = ids.firstIndex(of: "r2") {
                rejections.append(.init(index: index, reason: "the key is taken", type: "sql:1555"))
            }
            if rejections.isEmpty { return batch.map { _ in .written } }
            throw .rejected(rejections)
        }
        let answers = try await fifo.delivery(sink).process([
            .received(0, group: "a"), .received(1, group: "a"), .received(2, group: "b"),
        ])
        #expect(answers.map(\.word) == ["retry", "release", "written"])
    }

    @Test("a dead record frees its group")
    func deadFreesTheGroup() async throws {
        let fifo = StepFixture(.fifo)
        let sink = RecordingSink(rejecting(["r0"]))
        let answers = try await fifo.delivery(sink).process([.received(0, group: "a"), .received(1, group: "a")])
        #expect(answers.map(\.word) == ["dead", "written"])
    }

    @Test("an unavailable sink opens the breaker, and everything is released")
    func unavailable() async throws {
        let control = fixture.deliveryControl()
        let sink = RecordingSink { _, _ throws(SinkError) in throw .unavailable(reason: "no such file", type: "sql:14")
        }
        let answers = try await fixture.delivery(sink, control: control).process(batch(3))
        #expect(answers == Array(repeating: .release(), count: 3))
        #expect(control.isBreakerOpen)
    }

    @Test("what was written before the sink went away stays delivered")
    func unavailableHalfway() async throws {
        let sink = RecordingSink { batch, attempt throws(SinkError) in
            switch attempt {
            case 1: throw .batchRejected(reason: "400", type: "http:400")
            case 2: return batch.map { _ in .written }
            default: throw .unavailable(reason: "gone", type: "sql:14")
            }
        }
        let answers = try await fixture.delivery(sink).process(batch(4))
        #expect(answers.map(\.word) == ["written", "written", "release", "release"])
    }

    @Test("a busy sink costs no receive, and the wait it asks for is honoured")
    func busy() async throws {
        let sink = RecordingSink { _, _ throws(SinkError) in
            throw .busy(reason: "429", type: "http:429", after: .seconds(90))
        }
        let answers = try await fixture.delivery(sink).process(batch(2))
        #expect(answers == [.release(after: .seconds(90)), .release(after: .seconds(90))])
    }

    @Test("a wait that the sink asks for holds back other records, too")
    func wait() async throws {
        let control = fixture.deliveryControl()
        let sink = RecordingSink { _, attempt throws(SinkError) in
            throw .busy(reason: "429", type: "http:429", after: .seconds(attempt == 1 ? 90 : 5))
        }
        let step = try fixture.delivery(sink, control: control)
        _ = await step.process(batch(2))
        _ = await step.process(batch(2))
        #expect(control.admitNow(upTo: 10) == nil, "the longer wait counts")
        fixture.clock.advance(by: .seconds(89))
        #expect(control.admitNow(upTo: 10) == nil)
        fixture.clock.advance(by: .seconds(1))
        #expect(control.admitNow(upTo: 10)?.limit == 10)
    }

    @Test(
        "`http:4xx` is every answer of the class",
        arguments: [("http:400", true), ("http:499", true), ("http:500", false), ("sql:400", false)])
    func answerClass(_ type: String, _ matches: Bool) throws {
        let rules = try ErrorRules([ErrorRule(match: "http:4xx", then: .filter)])
        #expect((rules.match(Problem(reason: "", type: type, remedy: .reject)) == .filter) == matches)
    }

    @Test("a batch that is too large is halved, and later ones are smaller; they grow again by one with each")
    func tooLarge() async throws {
        let sink = RecordingSink { batch, _ throws(SinkError) in
            if batch.count > 5 { throw .tooLarge(reason: "413", type: "http:413") }
            return batch.map { _ in .written }
        }
        let step = try fixture.delivery(sink)
        for _ in 0..<3 { #expect(await step.process(batch(8)).allSatisfy { $0.word == "written" }) }
        #expect(sink.attempts.map(\.count) == [8, 4, 4, 5, 3, 6, 3, 3, 2])
    }

    @Test("one record that is too large by itself is dead, and the batches become large again")
    func oneTooLarge() async throws {
        let sink = RecordingSink { batch, _ throws(SinkError) in
            if batch.contains(where: { $0.identity.text == "r3" }) {
                throw .tooLarge(reason: "413", type: "http:413")
            }
            return batch.map { _ in .written }
        }
        let step = try fixture.delivery(sink)
        let words = await step.process(batch(8)).map(\.word)
        #expect(words == ["written", "written", "written", "dead", "written", "written", "written", "written"])
        for _ in 0..<20 { _ = await step.process((10..<18).map { .received($0) }) }
        #expect(sink.attempts.last?.count == 8)
    }

    @Test("busy answers in a row wait longer each time, and open the breaker at last")
    func busyInARow() async throws {
        let control = fixture.deliveryControl()
        let sink = RecordingSink { _, _ throws(SinkError) in throw .busy(reason: "locked", type: "sql:5", after: nil) }
        let step = try fixture.delivery(sink, control: control)
        var answers: [Disposition] = []
        for _ in 0..<5 { answers += await step.process(batch(1)) }
        #expect(answers == [1, 2, 4, 8, 16].map { .release(after: .seconds($0)) })
        #expect(control.isBreakerOpen)
        #expect(fixture.lines.all.contains { $0.hasPrefix("error: The breaker opened") && $0.contains("locked") })
    }

    @Test("a record that alone makes the sink busy, while others get through, pays with a receive")
    func oneToBlame() async throws {
        let sink = RecordingSink { batch, _ throws(SinkError) in
            if batch.contains(where: { $0.identity.text == "r7" }) {
                throw .busy(reason: "deadlock", type: "sql:40001", after: nil)
            }
            return batch.map { _ in .written }
        }
        let step = try fixture.delivery(sink)
        #expect(await step.process([.received(7)]).map(\.word) == ["release"])
        #expect(await step.process([.received(7)]).map(\.word) == ["release"], "nobody else got through meanwhile")
        #expect(await step.process([.received(1)]).map(\.word) == ["written"])
        #expect(await step.process([.received(7)]).map(\.word) == ["retry"])
    }

    @Test("after a busy answer it tries smaller pieces, so that the one to blame is found")
    func smallerPieces() async throws {
        let sink = RecordingSink { batch, attempt throws(SinkError) in
            if batch.contains(where: { $0.identity.text == "r5" }) { throw .busy(reason: "x", type: "t", after: nil) }
            return batch.map { _ in .written }
        }
        let step = try fixture.delivery(sink)
        #expect(await step.process(batch(8)).map(\.word) == Array(repeating: "release", count: 8))
        #expect(
            await step.process(batch(8)).map(\.word)
                == Array(repeating: "written", count: 4) + Array(repeating: "release", count: 4))
        #expect(sink.attempts.map(\.count) == [8, 4, 4])
    }

    @Test("a write that takes too long is busy, unless it was committed after all")
    func timeout() async throws {
        let quick = StepFixture { $0.deliver.timeout = .milliseconds(50) }
        let slow = RecordingSink { _, _ throws(SinkError) in
            do { try await Task.sleep(for: .seconds(60)) } catch {
                throw .unavailable(reason: "cancelled", type: "cancelled")
            }
            return []
        }
        #expect(try await quick.delivery(slow).process(batch(1)) == [.release(after: .seconds(1))])
        let late = RecordingSink { batch, _ throws(SinkError) in
            do { try await Task.sleep(for: .seconds(60)) } catch { return batch.map { _ in .written } }
            return []
        }
        #expect(try await quick.delivery(late).process(batch(1)).map(\.word) == ["written"])
    }

    @Test("tells the sink of those that are settled and delivered, and of no others")
    func settled() async throws {
        let sink = RecordingSink(rejecting(["r1"]))
        let step = try fixture.delivery(sink)
        let messages = batch(4)
        let settlement = Settlement(
            queue: "q", step: step.name, of: messages, dispositions: await step.process(messages), ordered: false)
        await step.settled(messages, settlement, [.settled, .settled, .stale, .settled])
        #expect(sink.settled == ids(0, 3))
    }
}
