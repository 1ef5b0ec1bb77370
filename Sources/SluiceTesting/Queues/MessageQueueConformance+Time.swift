import Sluice
import Testing

extension MessageQueueConformance {
    static let receiving: [Check] = [
        both("a receive hands out no more than it was asked for") { bench in
            try await bench.queue.put((0..<25).map { "\($0)" })
            #expect(try await bench.queue.receiveNow(10).count == 10)
            let depth = try await bench.depth()
            #expect(depth.ready == 15)
            #expect(depth.inFlight == 10)
        },
        only(.standard, "nothing is handed out twice at once") { bench in
            try await bench.queue.put((0..<100).map { "\($0)" })
            let received = try await withThrowingTaskGroup(of: [ReceivedMessage].self) { group in
                for _ in 0..<20 { group.addTask { try await bench.queue.receiveNow(5) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(received.count == 100)
            #expect(Set(received.map(\.id)).count == 100)
        },
        both("the receive count rises with every receive and survives a restart") { bench in
            try await bench.queue.put("a")
            for expected in 1...4 {
                #expect(try await bench.queue.receiveNow().map(\.receiveCount) == [expected])
                bench.clock.advance(by: .seconds(30))
                try await bench.fixture.restart()
            }
        },
        both(
            "a client's receive beyond the allowed ones finds it in the dead-letter queue",
            QueueSettings(maxReceiveCount: 2)
        ) {
            bench in
            try await bench.queue.put("a")
            for _ in 0..<2 {
                #expect(try await bench.queue.receiveNow().count == 1)
                bench.clock.advance(by: .seconds(30))
            }
            #expect(try await bench.queue.receiveNow() == [])
            let letters = try await bench.fixture.control.deadLetters(DeadLetterSelection(), limit: 10)
            #expect(letters.map(\.receiveCount) == [2])
        },
    ].flatMap(\.self)

    static let time: [Check] = [
        both("a received message is visible again after the visibility timeout, not before") { bench in
            try await bench.queue.put("a")
            _ = try await bench.queue.receiveNow()
            bench.clock.advance(by: .milliseconds(29_999))
            #expect(try await bench.queue.receiveNow() == [])
            bench.clock.advance(by: .milliseconds(1))
            #expect(try await bench.queue.receiveNow().texts == ["a"])
        },
        both("the queue's timeout, and the receive's own before it", QueueSettings(visibilityTimeout: .seconds(5))) {
            bench in
            try await bench.queue.put("a")
            _ = try await bench.queue.receiveNow()
            bench.clock.advance(by: .seconds(5))
            let request = ReceiveRequest(limit: 1, visibilityTimeout: .seconds(2), holder: .client)
            #expect(try await bench.queue.receive(request).count == 1)
            bench.clock.advance(by: .seconds(2))
            #expect(try await bench.queue.receiveNow().map(\.receiveCount) == [3])
        },
        both("an extension counts from now, and holds over a restart") { bench in
            try await bench.queue.put("a")
            let receipts = try await bench.queue.receiveNow().receipts
            bench.clock.advance(by: .seconds(20))
            #expect(try await bench.queue.extend(receipts, to: .seconds(60)) == [.done])
            bench.clock.advance(by: .seconds(59))
            try await bench.fixture.restart()
            #expect(try await bench.queue.receiveNow() == [])
            bench.clock.advance(by: .seconds(1))
            #expect(try await bench.queue.receiveNow().map(\.receiveCount) == [2])
        },
        both("an extension by nothing makes it visible at once; the receive counts") { bench in
            try await bench.queue.put("a")
            #expect(try await bench.queue.extend(bench.queue.receiveNow().receipts, to: .zero) == [.done])
            #expect(try await bench.queue.receiveNow().map(\.receiveCount) == [2])
        },
        both(
            "a delayed message is not visible before its time, and not after a restart either",
            QueueSettings(delay: .seconds(60))
        ) {
            bench in
            try await bench.queue.put("a")
            #expect(try await bench.depth().delayed == 1)
            bench.clock.advance(by: .seconds(59))
            try await bench.fixture.restart()
            #expect(try await bench.queue.receiveNow() == [])
            bench.clock.advance(by: .seconds(1))
            #expect(try await bench.queue.receiveNow().texts == ["a"])
        },
        only(.standard, "a message's own delay comes before the queue's", QueueSettings(delay: .seconds(60))) { bench in
            try await bench.queue.put("now", delay: .zero)
            try await bench.queue.put("later", delay: .seconds(90))
            #expect(try await bench.queue.receiveNow().texts == ["now"])
            bench.clock.advance(by: .seconds(89))
            #expect(try await bench.queue.receiveNow().texts == ["now"])
            bench.clock.advance(by: .seconds(1))
            #expect(try await bench.queue.receiveNow().texts == ["later"])
        },
        both("what is older than the retention is gone, and counted as expired", QueueSettings(retention: .days(4))) {
            bench in
            try await bench.queue.put("a")
            bench.clock.advance(by: .days(2))
            try await bench.queue.put("b")
            bench.clock.advance(by: .days(2) + .minutes(1))
            #expect(try await bench.queue.receiveNow().texts == ["b"])
            #expect(try await bench.report().ledger[.expired] == 1)
        },
    ].flatMap(\.self)

    static let waiting: [Check] = [
        both("who waits for a first message is woken by it") { bench in
            try await withThrowingTaskGroup(of: [ReceivedMessage].self) { group in
                group.addTask { try await bench.queue.receive(ReceiveRequest(limit: 10, wait: nil)) }
                try await bench.queue.put("a")
                #expect(try await group.next()?.texts == ["a"])
            }
        },
        both("who waits is woken when a message becomes visible again") { bench in
            try await bench.queue.put("a")
            let receipts = try await bench.queue.receiveNow().receipts
            try await withThrowingTaskGroup(of: [ReceivedMessage].self) { group in
                group.addTask { try await bench.queue.receive(ReceiveRequest(limit: 10, wait: nil)) }
                _ = try await bench.queue.extend(receipts, to: .zero)
                #expect(try await group.next()?.map(\.receiveCount) == [2])
            }
        },
        both("a wait ends empty when its time is over") { bench in
            try await withThrowingTaskGroup(of: [ReceivedMessage]?.self) { group in
                group.addTask { try await bench.queue.receive(ReceiveRequest(limit: 10, wait: .seconds(20))) }
                // Whenever the wait begins, some advance after it ends it.
                group.addTask {
                    while !Task.isCancelled {
                        bench.clock.advance(by: .seconds(20))
                        await Task.yield()
                    }
                    return nil
                }
                let first = try await group.next()
                #expect(first == .some([]))
                group.cancelAll()
            }
        },
        both("a wait ends when its task is cancelled, and takes no message along") { bench in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        await #expect(throws: CancellationError.self) {
                            try await bench.queue.receive(ReceiveRequest(limit: 10, wait: nil))
                        }
                    }
                }
                group.cancelAll()
            }
            try await bench.queue.put("a")
            #expect(try await bench.queue.receiveNow().map(\.receiveCount) == [1])
        },
        both("each message wakes one of those who wait") { bench in
            try await withThrowingTaskGroup(of: [ReceivedMessage].self) { group in
                for _ in 0..<3 {
                    group.addTask { try await bench.queue.receive(ReceiveRequest(limit: 1, wait: nil)) }
                }
                for number in 0..<3 { try await bench.queue.put("\(number)", group: "\(number)") }
                let received = try await group.reduce(into: []) { $0 += $1 }
                #expect(Set(received.texts) == ["0", "1", "2"])
            }
        },
    ].flatMap(\.self)
}
