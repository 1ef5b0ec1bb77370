import Sluice
import SluiceTesting
import Testing

@Suite("The transform step")
struct TransformStepTests {
    private let fixture = StepFixture()

    /// Fails as a whole whenever `poison` is among its records.
    private func batchFunction(_ calls: Calls, poison: Set<String>) -> Function {
        Function(batch: "f") { records, _ in
            calls.add(records.map(\.body.text))
            if records.contains(where: { poison.contains($0.body.text) }) { throw Broken() }
            return records.map { [$0.body] }
        }
    }

    @Test("passes outputs to the delivery queue, numbered, with the lineage of their record")
    func outputs() async throws {
        let step = try fixture.transform(
            Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in
                [record.body, Bytes("again")]
            })
        let answers = await step.process([.received(7, "a", group: "g")])
        let lineage = ReceivedMessage.received(7, group: "g").lineage
        #expect(
            answers == [
                .passed([
                    Outgoing(queue: "orders-sqlite", body: Bytes("a"), lineage: lineage.output(0)),
                    Outgoing(queue: "orders-sqlite", body: Bytes("again"), lineage: lineage.output(1)),
                ])
            ])
    }

    @Test("does with each record what the function answered for it")
    func outcomes() async throws {
        let step = try fixture.transform(
            Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in
                try StepFixture.obedient(record.body.text)
            })
        let bodies = ["ok", "throw", "retry", "reject", "filter", "ok"]
        let answers = await step.process(bodies.enumerated().map { .received($0, $1) })
        #expect(answers.map(\.word) == ["passed", "retry", "retry", "dead", "filtered", "passed"])
        #expect(answers[1].failure?.reason == "it broke")
        #expect(answers[1].failure?.type == "Broken")
        #expect(answers[1].failure?.step == "transform")
        #expect(answers[1].failure?.version == "v1")
        #expect(answers[1].failure?.time == fixture.clock.now)
        #expect(answers[3].failure?.reason == "never")
    }

    @Test("waits longer after every receive of a record")
    func backoff() async throws {
        let step = try fixture.transform(Function("f") { (_: RawRecord, _) -> Outcome<Bytes> in throw Broken() })
        var delays: [Duration] = []
        for receive in [1, 2, 3, 4, 20] {
            var message = ReceivedMessage.received(1)
            message.receiveCount = receive
            if case .retry(let after, _)? = await step.process([message]).first { delays.append(after) }
        }
        #expect(delays == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(60)])
    }

    @Test("halves a batch that failed as a whole, in order, down to the one record that fails alone")
    func halving() async throws {
        let calls = Calls()
        let step = try fixture.transform(batchFunction(calls, poison: ["5"]))
        let answers = await step.process((0..<8).map { .received($0) })
        #expect(
            calls.all == [
                ["0", "1", "2", "3", "4", "5", "6", "7"], ["0", "1", "2", "3"], ["4", "5", "6", "7"], ["4", "5"],
                ["4"], ["5"], ["6", "7"],
            ])
        #expect(answers.map(\.word) == ["passed", "passed", "passed", "passed", "passed", "retry", "passed", "passed"])
    }

    @Test("one poison record among a hundred costs its neighbours calls and no receive")
    func poison() async throws {
        let calls = Calls()
        let step = try fixture.transform(batchFunction(calls, poison: ["42"]))
        let answers = await step.process((0..<100).map { .received($0) })
        #expect(answers.enumerated().allSatisfy { $0 == 42 ? $1.word == "retry" : $1.word == "passed" })
        #expect(calls.all.count < 2 * 8)
    }

    @Test("does not call a record of a group that has failed in this batch")
    func groupsWait() async throws {
        let fifo = StepFixture(.fifo)
        let calls = Calls()
        let step = try fifo.transform(batchFunction(calls, poison: ["0"]))
        let answers = await step.process([
            .received(0, group: "a"), .received(1, group: "b"), .received(2, group: "a"), .received(3, group: "b"),
        ])
        #expect(calls.all == [["0", "1", "2", "3"], ["0", "1"], ["0"], ["1"], ["3"]])
        #expect(answers.map(\.word) == ["retry", "passed", "release", "passed"])
    }

    @Test("a dead record frees its group")
    func deadFreesTheGroup() async throws {
        let fifo = StepFixture(.fifo, errors: [ErrorRule(match: "Broken", then: .reject)])
        let calls = Calls()
        let step = try fifo.transform(batchFunction(calls, poison: ["0"]))
        let answers = await step.process([.received(0, group: "a"), .received(1, group: "a")])
        #expect(answers.map(\.word) == ["dead", "passed"])
    }

    @Test("a batch function that does not answer once for every record has failed")
    func wrongNumberOfAnswers() async throws {
        let step = try fixture.transform(
            Function(batch: "f") { records, _ in
                records.count == 1 ? [[records[0].body]] : []
            })
        #expect(await step.process((0..<3).map { .received($0) }).map(\.word) == ["passed", "passed", "passed"])
        let silent = try fixture.transform(Function(batch: "f") { _, _ in [] })
        let answers = await silent.process([.received(0)])
        #expect(answers.map(\.word) == ["retry"])
        #expect(answers[0].failure?.reason.contains("answered 0 times for 1 records") == true)
    }

    @Test(
        "the first rule of errors: that matches decides",
        arguments: [
            ("Broken", ErrorRule.Verdict.reject, "dead"), ("Bro*n", .filter, "filtered"), ("*", .reject, "dead"),
            ("/it br.ke/", .reject, "dead"), ("Other", .reject, "retry"), ("/other/", .reject, "retry"),
            ("B*x*n", .reject, "retry"), ("*rok*n", .reject, "dead"), ("Broken", .retry, "retry"),
        ])
    func rules(match: String, verdict: ErrorRule.Verdict, expected: String) async throws {
        let ruled = StepFixture(errors: [
            ErrorRule(match: match, then: verdict), ErrorRule(match: "Broken", then: .retry),
        ])
        let step = try ruled.transform(Function("f") { (_: RawRecord, _) -> Outcome<Bytes> in throw Broken() })
        #expect(await step.process([.received(1)]).map(\.word) == [expected])
    }

    @Test("a rule that is not a regular expression is refused before anything runs")
    func badRule() {
        let ruled = StepFixture(errors: [ErrorRule(match: "/(/", then: .reject)])
        #expect(throws: ErrorRules.Mistake.self) {
            try ruled.transform(Function("f") { (_: RawRecord, _) -> Outcome<Bytes> in [] })
        }
    }

    @Test("a rule that says pause pauses the step, and spends nothing")
    func pauseRule() async throws {
        let ruled = StepFixture(errors: [ErrorRule(match: "Broken", then: .pause)])
        let control = ruled.transformControl()
        let step = try ruled.transform(
            Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in try StepFixture.obedient(record.body.text) },
            control: control)
        let answers = await step.process([.received(1, "ok"), .received(2, "throw"), .received(3, "ok")])
        #expect(answers.map(\.word) == ["passed", "release", "release"])
        #expect(control.paused?.reason == "`errors:` says pause: it broke")
        #expect(control.paused?.automatic == true)
    }

    @Test("an output that no message can hold is a dead letter that says so")
    func outputTooLarge() async throws {
        let step = try fixture.transform(
            Function("f") { (_: RawRecord, _) -> Outcome<Bytes> in
                [Bytes("small"), Array(repeating: 0, count: 1_048_577)[...]]
            })
        let answers = await step.process([.received(1)])
        #expect(answers.map(\.word) == ["dead"])
        #expect(answers[0].failure?.type == "too-large")
        #expect(answers[0].failure?.reason.hasPrefix("output 1 has 1048577 bytes") == true)
    }

    @Test("without a function every record is its own output")
    func passThrough() async {
        let answers = await PassThroughStep(fixture.pipeline).process([.received(1, "a")])
        let lineage = ReceivedMessage.received(1).lineage.output(0)
        #expect(answers == [.passed([Outgoing(queue: "orders-sqlite", body: Bytes("a"), lineage: lineage)])])
    }
}
