import Sluice
import Testing

extension MessageQueueConformance {
    static let groups: [Check] = [
        only(.fifo, "a group is handed out in order, and locked while one of it is in flight") { bench in
            try await bench.queue.put("a1", "a2", "a3", group: "a")
            let first = try await bench.queue.receiveNow(2)
            #expect(first.texts == ["a1", "a2"])
            #expect(try await bench.queue.receiveNow() == [])
            _ = try await bench.queue.delete([first[0].receipt])
            #expect(try await bench.queue.receiveNow() == [])
            _ = try await bench.queue.delete([first[1].receipt])
            #expect(try await bench.queue.receiveNow().texts == ["a3"])
        },
        only(.fifo, "a locked group holds up no other") { bench in
            try await bench.queue.put("a1", "a2", group: "a")
            try await bench.queue.put("b1", "b2", group: "b")
            #expect(try await bench.queue.receiveNow(1).texts == ["a1"])
            #expect(try await bench.queue.receiveNow().texts == ["b1", "b2"])
        },
        only(.fifo, "what comes back is handed out before what came after it") { bench in
            try await bench.queue.put("1", "2", "3", group: "a")
            let received = try await bench.queue.receiveNow(2)
            // In the wrong order, on purpose.
            _ = try await bench.queue.extend([received[1].receipt], to: .zero)
            _ = try await bench.queue.extend([received[0].receipt], to: .zero)
            #expect(try await bench.queue.receiveNow().texts == ["1", "2", "3"])
        },
        only(.fifo, "a timeout that is over keeps the order of its group") { bench in
            try await bench.queue.put("1", "2", "3", group: "a")
            #expect(try await bench.queue.receiveNow(1).texts == ["1"])
            bench.clock.advance(by: .seconds(30))
            #expect(try await bench.queue.receiveNow().texts == ["1", "2", "3"])
        },
        only(.fifo, "groups and their locks are the same after a restart") { bench in
            try await bench.queue.put("a1", "a2", group: "a")
            try await bench.queue.put("b1", group: "b")
            let held = try await bench.queue.receiveNow(1)
            try await bench.fixture.restart()
            #expect(try await bench.queue.receiveNow().texts == ["b1"])
            _ = try await bench.queue.delete(held.receipts)
            #expect(try await bench.queue.receiveNow().texts == ["a2"])
        },
        only(
            .fifo, "a message that a client has received too often lets its group go on",
            QueueSettings(maxReceiveCount: 1)
        ) {
            bench in
            try await bench.queue.put("1", "2", group: "a")
            #expect(try await bench.queue.receiveNow(1).texts == ["1"])
            bench.clock.advance(by: .seconds(30))
            #expect(try await bench.queue.receiveNow(1).texts == ["2"])
        },
        only(.fifo, "a message without a group goes to the dead-letter queue and says why") { bench in
            _ = try await bench.queue.send([NewMessage(body: Bytes("a")), NewMessage(body: Bytes("b"), group: "g")])
            #expect(try await bench.queue.receiveNow().texts == ["b"])
            let letters = try await bench.fixture.control.deadLetters(DeadLetterSelection(), limit: 10)
            #expect(letters.map(\.body) == [Array("a".utf8)])
            #expect(letters.first?.history.latest?.reason.contains("group") == true)
        },
        only(.fifo, "a delay of one message would break the order of its group: it is refused") { bench in
            let stored = try await bench.queue.put("a", delay: .seconds(1))
            #expect(stored == [])
            #expect(try await bench.depth().messages == 0)
        },
    ].flatMap(\.self)

    static let deduplication: [Check] = [
        only(.fifo, "a second message of one deduplication id is dropped for five minutes, a restart in between") {
            bench in
            let message = NewMessage(body: Bytes("a"), group: "g", deduplicationID: "id")
            guard case .stored(let first, let number) = try await bench.queue.send([message])[0] else {
                Issue.record("the first is not stored")
                return
            }
            #expect(
                try await bench.queue.send([message, message]) == [
                    .duplicate(first, number), .duplicate(first, number),
                ])
            _ = try await bench.queue.delete(bench.queue.receiveNow().receipts)
            bench.clock.advance(by: .milliseconds(299_999))
            try await bench.fixture.restart()
            #expect(try await bench.queue.send([message]) == [.duplicate(first, number)])
            bench.clock.advance(by: .milliseconds(1))
            guard case .stored = try await bench.queue.send([message])[0] else {
                Issue.record("five minutes later it is not stored")
                return
            }
            #expect(try await bench.report().ledger[.deduplicated] == 3)
        },
        only(.fifo, "two of one deduplication id in one batch are one") { bench in
            let message = NewMessage(body: Bytes("a"), group: "g", deduplicationID: "id")
            let results = try await bench.queue.send([message, message])
            guard case .stored(let first, let number) = results[0] else {
                Issue.record("\(results)")
                return
            }
            #expect(results[1] == .duplicate(first, number))
        },
        only(.fifo, "without a deduplication id equal messages are two") { bench in
            try await bench.queue.put("a", "a")
            #expect(try await bench.queue.receiveNow().count == 2)
        },
    ].flatMap(\.self)
}
