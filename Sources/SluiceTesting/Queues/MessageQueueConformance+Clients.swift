import Sluice
import Testing

/// What clients of SQS lean on beside the rest.
extension MessageQueueConformance {
    static let clients: [Check] = [
        both("what a sender gave beside the body comes with the message, after a restart too") { bench in
            let attributes = [
                MessageAttribute(name: "a", type: "String", value: .text(Bytes("ä"))),
                MessageAttribute(name: "b", type: "Binary.x", value: .binary([0, 255][...])),
            ]
            let properties = MessageProperties(attributes: attributes, traceHeader: "Root=1")
            _ = try await bench.queue.send([NewMessage(body: Bytes("m"), group: "g", properties: properties)])
            try await bench.fixture.restart()
            let found = try #require(try await bench.queue.receiveNow().first?.properties)
            #expect(found.attributes.sorted { $0.name < $1.name } == attributes)
            #expect(found.traceHeader == "Root=1")
        },
        both("the first receive of a message is remembered") { bench in
            try await bench.queue.put("a")
            let first = bench.clock.now
            _ = try await bench.queue.receiveNow()
            bench.clock.advance(by: .seconds(30))
            try await bench.fixture.restart()
            #expect(try await bench.queue.receiveNow().map(\.firstReceived) == [first])
        },
        only(.standard, "a receipt whose timeout is over deletes its message, if nobody has received it since") {
            bench in
            try await bench.queue.put("a")
            let receipts = try await bench.queue.receiveNow().receipts
            bench.clock.advance(by: .seconds(30))
            #expect(try await bench.queue.delete(receipts) == [.done])
            #expect(try await bench.queue.receiveNow() == [])
        },
        only(.standard, "a group that sends much does not hold up the others, after a restart neither") { bench in
            try await bench.queue.put((0..<50).map { "noisy \($0)" }, group: "noisy")
            try await bench.queue.put("none 0", "none 1")
            try await bench.queue.put("quiet 0", "quiet 1", group: "quiet")
            #expect(try await bench.queue.receiveNow(3).texts == ["noisy 0", "none 0", "quiet 0"])
            try await bench.fixture.restart()
            let next = try await bench.queue.receiveNow(5).texts
            #expect(Set(next) == ["noisy 1", "none 1", "quiet 1", "noisy 2", "noisy 3"])
            #expect(next.filter { $0.hasPrefix("noisy") } == ["noisy 1", "noisy 2", "noisy 3"])
            bench.clock.advance(by: .seconds(30))
            var rest: [String] = []
            while case let texts = try await bench.queue.receiveNow().texts, !texts.isEmpty { rest += texts }
            #expect(rest.count == 54)
            #expect(Set(rest).count == 54)
        },
        only(.fifo, "a receipt whose timeout is over does nothing") { bench in
            try await bench.queue.put("a")
            let receipts = try await bench.queue.receiveNow().receipts
            bench.clock.advance(by: .seconds(30))
            #expect(try await bench.queue.delete(receipts) == [.stale])
            #expect(try await bench.queue.extend(receipts, to: .seconds(5)) == [.stale])
            #expect(try await bench.queue.receiveNow().texts == ["a"])
        },
        only(.fifo, "sequence numbers rise, and are the same after a restart") { bench in
            try await bench.queue.put("1", "2", "3")
            let numbers = try await bench.queue.receiveNow().map(\.sequenceNumber)
            #expect(numbers == numbers.sorted { ($0?.value ?? 0) < ($1?.value ?? 0) })
            #expect(Set(numbers).count == 3)
            bench.clock.advance(by: .seconds(30))
            try await bench.fixture.restart()
            #expect(try await bench.queue.receiveNow().map(\.sequenceNumber) == numbers)
        },
        only(.fifo, "an extended message holds back later ones of its group, and not earlier ones") { bench in
            try await bench.queue.put("1", "2", "3", group: "a")
            let received = try await bench.queue.receiveNow()
            #expect(try await bench.queue.extend([received[1].receipt], to: .minutes(10)) == [.done])
            bench.clock.advance(by: .seconds(30))
            #expect(try await bench.queue.receiveNow().texts == ["1"])
        },
        only(.fifo, "the same attempt is given the same messages, until one of them is deleted") { bench in
            try await bench.queue.put("1", group: "a")
            try await bench.queue.put("2", group: "b")
            try await bench.queue.put("3", group: "c")
            let attempt = ReceiveRequest(limit: 2, attemptID: "attempt")
            let first = try await bench.queue.receive(attempt)
            bench.clock.advance(by: .seconds(20))
            let again = try await bench.queue.receive(attempt)
            #expect(again.map(\.id) == first.map(\.id))
            #expect(again.map(\.receiveCount) == [1, 1])
            bench.clock.advance(by: .seconds(20))
            #expect(try await bench.queue.receiveNow().texts == ["3"])
            #expect(try await bench.queue.delete([again[0].receipt]) == [.done])
            #expect(try await bench.queue.receive(attempt) == [])
        },
    ].flatMap(\.self)
}
