import Sluice
import Testing

extension MessageQueueConformance {
    static let sending: [Check] = [
        both("what is sent is there, with its bytes, an id of its own and its identity") { bench in
            let ids = try await bench.queue.put("a", "b", "a")
            #expect(Set(ids).count == 3)
            let received = try await bench.queue.receiveNow()
            #expect(received.texts == ["a", "b", "a"])
            #expect(received.map(\.id) == ids)
            #expect(received.map(\.lineage.identity) == ids.map { RecordIdentity($0) })
            #expect(received.allSatisfy { $0.sent == bench.clock.now && $0.lineage.received == bench.clock.now })
        },
        both("what is sent is there after a restart, in its order") { bench in
            for round in 0..<3 { try await bench.queue.put("\(round)-a", "\(round)-b") }
            try await bench.fixture.restart()
            #expect(try await bench.queue.receiveNow().texts == ["0-a", "0-b", "1-a", "1-b", "2-a", "2-b"])
        },
        both("an empty batch stores nothing") { bench in
            let results = try await bench.queue.send([])
            #expect(results == [])
            #expect(try await bench.depth().messages == 0)
        },
        both("a message without a body is refused alone") { bench in
            let messages = ["a", "", "b"].map { NewMessage(body: Bytes($0), group: "g") }
            let results = try await bench.queue.send(messages)
            guard results.count == 3, case .refused = results[1] else {
                Issue.record("\(results)")
                return
            }
            #expect(try await bench.queue.receiveNow().texts == ["a", "b"])
        },
        both("a queue that is not there says so") { bench in
            let nowhere = await bench.fixture.queue(named: "nowhere")
            await #expect(throws: QueueError.self) { try await nowhere.put("a") }
            await #expect(throws: QueueError.self) { _ = try await nowhere.receiveNow() }
        },
        both("a full queue refuses the batch whole, and takes it when there is room", QueueSettings(capacity: 2)) {
            bench in
            try await bench.queue.put("a", "b")
            #expect(await bench.queue.isFull)
            await #expect(throws: QueueError.full(queue: bench.name, capacity: 2)) { try await bench.queue.put("c") }
            let received = try await bench.queue.receiveNow(1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await bench.queue.waitForRoom() }
                _ = try await bench.queue.delete(received.receipts)
                try await group.waitForAll()
            }
            try await bench.queue.put("c")
            #expect(try await bench.depth().messages == 2)
        },
        both("waiting for room ends when its task is cancelled", QueueSettings(capacity: 1)) { bench in
            try await bench.queue.put("a")
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) { try await bench.queue.waitForRoom() }
                }
                group.cancelAll()
            }
        },
    ].flatMap(\.self)

    static let receipts: [Check] = [
        both("a deleted message is gone for good") { bench in
            try await bench.queue.put("a", "b")
            let received = try await bench.queue.receiveNow()
            #expect(try await bench.queue.delete([received[0].receipt]) == [.done])
            bench.clock.advance(by: .seconds(31))
            try await bench.fixture.restart()
            #expect(try await bench.queue.receiveNow().texts == ["b"])
        },
        both("a message is deleted once") { bench in
            try await bench.queue.put("a")
            let receipts = try await bench.queue.receiveNow().receipts
            #expect(try await bench.queue.delete(receipts + receipts) == [.done, .gone])
            #expect(try await bench.queue.extend(receipts, to: .seconds(10)) == [.gone])
        },
        both("a stale receipt cannot delete a redelivered message") { bench in
            try await bench.queue.put("a")
            let old = try await bench.queue.receiveNow().receipts
            bench.clock.advance(by: .seconds(31))
            let new = try await bench.queue.receiveNow()
            #expect(new.map(\.receiveCount) == [2])
            #expect(try await bench.queue.delete(old) == [.stale])
            #expect(try await bench.queue.extend(old, to: .zero) == [.stale])
            #expect(try await bench.queue.delete(new.receipts) == [.done])
        },
        both("a client's receipt is valid after a restart, and its message stays in flight") { bench in
            try await bench.queue.put("a", "b")
            let received = try await bench.queue.receiveNow()
            try await bench.fixture.restart()
            #expect(try await bench.queue.receiveNow() == [])
            #expect(try await bench.depth().inFlight == 2)
            #expect(try await bench.queue.delete([received[0].receipt]) == [.done])
            bench.clock.advance(by: .seconds(30))
            let again = try await bench.queue.receiveNow()
            #expect(again.texts == ["b"])
            #expect(again.map(\.receiveCount) == [2])
        },
        both("a receipt that nobody gave does nothing") { bench in
            try await bench.queue.put("a")
            let forged = ReceiptHandle(message: MessageID(high: 1, low: 2), generation: 1)
            let far = ReceiptHandle(
                message: MessageID(high: 1, low: 2), generation: 1, place: .init(chunk: 9_999, index: -1))
            #expect(try await bench.queue.delete([forged, far]) == [.gone, .gone])
            #expect(try await bench.depth().ready == 1)
        },
    ].flatMap(\.self)
}
