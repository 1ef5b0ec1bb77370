import Sluice
import Testing

extension SettlerConformance {
    static let passing: [Check] = [
        both("outputs are in the next queue and the message is gone, together") { bench in
            try await bench.intake.put("in")
            let batch = try await bench.receive()
            let result = try await bench.settle(batch, bench.passed(batch[0], "out-0", "out-1"))
            #expect(result.outcomes == [.settled])
            #expect(try await bench.report(bench.pipeline.intakeQueue).depth.messages == 0)
            let outputs = try await bench.delivery.receiveNow(10, as: .step)
            #expect(outputs.texts == ["out-0", "out-1"])
            #expect(outputs.map(\.lineage) == [batch[0].lineage.output(0), batch[0].lineage.output(1)])
            #expect(try await bench.stepLedger()[.outputs] == 2)
        },
        both("no outputs and filtered are both gone on purpose") { bench in
            try await bench.intake.put("a", "b")
            let batch = try await bench.receive()
            try await bench.settle(batch, .passed([]), .filtered)
            #expect(try await bench.report(bench.pipeline.intakeQueue).depth.messages == 0)
            #expect(try await bench.report(bench.pipeline.deliveryQueue).depth.messages == 0)
            let ledger = try await bench.stepLedger()
            #expect(ledger[.passed] == 1)
            #expect(ledger[.filtered] == 1)
        },
        both("what a function did not confirm is gone, and counted apart") { bench in
            try await bench.intake.put("a", "b")
            let batch = try await bench.receive()
            let result = try await bench.settle(batch, .unconfirmed, .filtered)
            #expect(result.outcomes == [.settled, .settled])
            let queue = try await bench.report(bench.pipeline.intakeQueue)
            #expect(queue.depth.messages == 0)
            #expect(queue.ledger[.done] == 2)
            #expect(try await bench.stepLedger() == [.unconfirmed: 1, .filtered: 1])
        },
        both("what a sink made of a record is counted") { bench in
            try await bench.intake.put("1", "2", "3", "4")
            let batch = try await bench.receive()
            try await bench.settle(
                batch, .delivered(.written), .delivered(.stale), .delivered(.repeated), .delivered(.ignored))
            let ledger = try await bench.stepLedger()
            #expect(ledger == [.passed: 4, .written: 1, .stale: 1, .repeated: 1, .ignored: 1])
        },
        both("a settlement brings the next batch along") { bench in
            try await bench.intake.put("1", group: "a")
            try await bench.intake.put("2", group: "b")
            let batch = try await bench.receive(1)
            let result = try await bench.settle(batch, .filtered, receiving: 10)
            #expect(result.next.texts == ["2"])
            #expect(try await bench.settle(result.next, .filtered, receiving: 10).next == [])
        },
        only(.fifo, "a settlement frees the group for its own next batch") { bench in
            try await bench.intake.put("1", "2", group: "a")
            let batch = try await bench.receive(1)
            #expect(try await bench.settle(batch, .filtered, receiving: 10).next.texts == ["2"])
        },
        both("an output for a queue that is not there fails alone, and its message stays") { bench in
            try await bench.intake.put("1", group: "a")
            try await bench.intake.put("2", group: "b")
            let batch = try await bench.receive()
            let nowhere = Outgoing(queue: "nowhere", body: Bytes("x"), lineage: batch[0].lineage.output(0))
            let known = Outgoing(queue: bench.pipeline.deliveryQueue, body: Bytes("y"), lineage: nowhere.lineage)
            let result = try await bench.settle(batch, .passed([known, nowhere]), .filtered)
            guard case .failed = result.outcomes[0] else {
                Issue.record("\(result.outcomes)")
                return
            }
            #expect(result.outcomes[1] == .settled)
            #expect(try await bench.report(bench.pipeline.intakeQueue).depth.inFlight == 1)
            #expect(try await bench.report(bench.pipeline.deliveryQueue).depth.messages == 0)
        },
        both("a cancelled task settles all the same") { bench in
            try await bench.intake.put("1")
            let batch = try await bench.receive()
            let task = Task {  // Awaited below: nothing of it is left when the check ends.
                withUnsafeCurrentTask { $0?.cancel() }
                return try await bench.settle(batch, .filtered).outcomes
            }
            #expect(try await task.value == [.settled])
        },
    ].flatMap(\.self)

    static let failing: [Check] = [
        both("a retried message is in flight until its backoff ends; the receive counts") { bench in
            try await bench.intake.put("a")
            try await bench.settle(bench.receive(), .retry(after: .seconds(10), bench.failure()))
            #expect(try await bench.report(bench.pipeline.intakeQueue).depth.inFlight == 1)
            bench.clock.advance(by: .seconds(9))
            try await bench.fixture.restart()
            #expect(try await bench.receive() == [])
            bench.clock.advance(by: .seconds(1))
            let again = try await bench.receive()
            #expect(again.map(\.receiveCount) == [2])
            #expect(again.allSatisfy { !$0.isSuspect })
        },
        both("a released message is visible at once; the receive does not count") { bench in
            try await bench.intake.put("a")
            for _ in 0..<20 {
                let batch = try await bench.receive()
                #expect(batch.map(\.receiveCount) == [1])
                try await bench.settle(batch, .release())
            }
            try await bench.settle(bench.receive(), .release(after: .seconds(3)))
            #expect(try await bench.receive() == [])
            bench.clock.advance(by: .seconds(3))
            #expect(try await bench.receive().map(\.receiveCount) == [1])
        },
        both("the last allowed receive that fails is dead in the same settlement", QueueSettings(maxReceiveCount: 2)) {
            bench in
            try await bench.intake.put("a")
            try await bench.settle(bench.receive(), .retry(after: .zero, bench.failure("first")))
            #expect(try await bench.deadLetters() == [])
            let batch = try await bench.receive()
            try await bench.settle(batch, .retry(after: .zero, bench.failure("second")))
            #expect(try await bench.report(bench.pipeline.intakeQueue).depth.messages == 0)
            let letter = try #require(try await bench.deadLetters().first)
            #expect(letter.history.kept.map(\.reason) == ["first", "second"])
            #expect(letter.receiveCount == 2)
        },
        both("a dead letter has its bytes, its identity and its failure, a restart later too") { bench in
            try await bench.intake.put("a")
            let batch = try await bench.receive()
            let failure = bench.failure()
            try await bench.settle(batch, .dead(failure))
            try await bench.fixture.restart()
            let letter = try #require(try await bench.deadLetters().first)
            #expect(letter.body == Array("a".utf8))
            #expect(letter.identity == batch[0].lineage.identity)
            #expect(letter.source == bench.pipeline.intakeQueue)
            #expect(letter.history == FailureHistory(failure))
            let dead = await bench.fixture.queue(named: letter.queue)
            #expect(try await dead.receiveNow().texts == ["a"])
        },
        both(
            "the history keeps the first and the last five failures and counts the rest",
            QueueSettings(maxReceiveCount: 12)
        ) {
            bench in
            try await bench.intake.put("a")
            for number in 1...12 {
                try await bench.settle(bench.receive(), .retry(after: .zero, bench.failure("\(number)")))
            }
            let history = try #require(try await bench.deadLetters().first).history
            #expect(history.kept.map(\.reason) == [1, 2, 3, 4, 5, 8, 9, 10, 11, 12].map { "\($0)" })
            #expect(history.count == 12)
        },
        both("a redriven record keeps identity, bytes and history, and its receives begin anew") { bench in
            try await bench.intake.put("a")
            let batch = try await bench.receive()
            try await bench.settle(batch, .dead(bench.failure("first")))
            _ = try await bench.fixture.control.redrive(DeadLetterSelection(), RedriveOptions())
            let again = try await bench.receive()
            #expect(again.texts == ["a"])
            #expect(again.map(\.receiveCount) == [1])
            #expect(again.map(\.lineage) == batch.map(\.lineage))
            #expect(again.map(\.id) != batch.map(\.id))
            try await bench.settle(again, .dead(bench.failure("second")))
            #expect(try await bench.deadLetters().first?.history.kept.map(\.reason) == ["first", "second"])
        },
    ].flatMap(\.self)

    static let stale: [Check] = [
        both("a settlement that is repeated does nothing") { bench in
            try await bench.intake.put("a")
            let batch = try await bench.receive()
            try await bench.settle(batch, bench.passed(batch[0], "out"))
            #expect(try await bench.settle(batch, bench.passed(batch[0], "out")).outcomes == [.stale])
            #expect(try await bench.settle(batch, .retry(after: .zero, bench.failure())).outcomes == [.stale])
            #expect(try await bench.report(bench.pipeline.deliveryQueue).depth.messages == 1)
        },
        both("one receipt twice in a settlement is settled once") { bench in
            try await bench.intake.put("a")
            let batch = try await bench.receive()
            let result = try await bench.settle(batch + batch, bench.passed(batch[0], "x"), bench.passed(batch[0], "x"))
            #expect(result.outcomes == [.settled, .stale])
            #expect(try await bench.report(bench.pipeline.deliveryQueue).depth.messages == 1)
        },
        both("a receipt of before a restart is stale once the message was received again") { bench in
            try await bench.intake.put("a")
            let old = try await bench.receive()
            try await bench.fixture.restart()
            let new = try await bench.receive()
            #expect(try await bench.settle(old, bench.passed(old[0], "old")).outcomes == [.stale])
            #expect(try await bench.settle(new, bench.passed(new[0], "new")).outcomes == [.settled])
            #expect(try await bench.delivery.receiveNow().texts == ["new"])
        },
        both("what is backing off belongs to nobody") { bench in
            try await bench.intake.put("a")
            let batch = try await bench.receive()
            try await bench.settle(batch, .retry(after: .seconds(10), bench.failure()))
            #expect(try await bench.settle(batch, .filtered).outcomes == [.stale])
            #expect(try await bench.intake.extend(batch.receipts, to: .zero) == [.stale])
        },
    ].flatMap(\.self)
}
