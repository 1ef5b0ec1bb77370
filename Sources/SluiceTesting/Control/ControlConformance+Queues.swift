import Sluice
import Testing

/// What commands ask of single queues.
extension ControlConformance {
    static let singleQueues = [
        Check(name: "a queue that is made is there, and is made once") { fixture in
            let fifo = QueueAttributes(created: Timestamp(milliseconds: 0), fifo: QueueAttributes.FIFO())
            #expect(try await fixture.control.createQueue("jobs.fifo", fifo))
            #expect(try await !fixture.control.createQueue("jobs.fifo", fifo))
            let detail = try await fixture.control.detail(ofQueue: "jobs.fifo")
            #expect(detail.report.type == .fifo)
            #expect(detail.attributes.fifo != nil)
            #expect(detail.report.depth.messages == 0)
            #expect(detail.discards == [])
        },
        Check(name: "who only looks sees the messages, oldest first, and changes nothing") { fixture in
            _ = try await fixture.control.send(texts(["a", "b", "c"]), to: "orders-in")
            for _ in 0..<2 {
                let messages = try await fixture.control.peek("orders-in", state: nil, limit: 2)
                #expect(messages.map(\.body) == [Array("a".utf8), Array("b".utf8)])
                #expect(messages.allSatisfy { $0.state == .ready && $0.receiveCount == 0 && $0.holder == nil })
            }
            #expect(try await fixture.control.peek("orders-in", state: .inFlight, limit: 10) == [])
            #expect(try await fixture.control.queues(named: "orders-in").first?.depth.ready == 3)
        },
        Check(name: "a purge takes all out, counts it, and says who did it") { fixture in
            _ = try await fixture.control.send(texts(["a", "b"]), to: "orders-in")
            #expect(try await fixture.control.purgeQueue("orders-in", who: "ada") == 2)
            let detail = try await fixture.control.detail(ofQueue: "orders-in")
            #expect(detail.report.depth.messages == 0)
            #expect(detail.report.ledger[.discarded] == 2)
            #expect(detail.discards.map(\.who) == ["ada"])
            #expect(detail.discards.map(\.count) == [2])
            #expect(detail.discards.map(\.action) == ["PurgeQueue"])
            #expect(try await fixture.control.peek("orders-in", state: nil, limit: 10) == [])
        },
        Check(name: "of a queue that is not there nothing is shown and nothing taken") { fixture in
            await #expect(throws: ControlError.self) { try await fixture.control.detail(ofQueue: "nowhere") }
            await #expect(throws: ControlError.self) {
                try await fixture.control.peek("nowhere", state: nil, limit: 1)
            }
            await #expect(throws: ControlError.self) {
                try await fixture.control.purgeQueue("nowhere", who: "ada")
            }
        },
    ]

    private static func texts(_ texts: [String]) -> [NewMessage] { texts.map { NewMessage(body: Bytes($0)) } }
}
