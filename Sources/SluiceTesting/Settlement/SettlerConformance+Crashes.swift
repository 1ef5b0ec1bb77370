import Sluice
import Testing

extension SettlerConformance {
    static let groups: [Check] = [
        only(.fifo, "a group waits behind its retried message, the other groups do not") { bench in
            try await bench.intake.put("a1", "a2", group: "a")
            try await bench.intake.put("b1", "b2", group: "b")
            let batch = try await bench.receive(1)
            try await bench.settle(batch, .retry(after: .seconds(10), bench.failure()))
            let others = try await bench.receive()
            #expect(others.texts == ["b1", "b2"])
            try await bench.settle(others, .filtered)
            #expect(try await bench.receive() == [])
            bench.clock.advance(by: .seconds(10))
            #expect(try await bench.receive().texts == ["a1", "a2"])
        },
        only(.fifo, "nothing overtakes a message of its group that comes back, and what is thrown away stores nothing")
        {
            bench in
            try await bench.intake.put("1", "2", "3", group: "a")
            let batch = try await bench.receive()
            try await bench.settle(
                batch, bench.passed(batch[0], "1"), .retry(after: .seconds(1), bench.failure()),
                bench.passed(batch[2], "3"))
            #expect(try await bench.receive() == [])
            bench.clock.advance(by: .seconds(1))
            let again = try await bench.receive()
            #expect(again.texts == ["2", "3"])
            #expect(again.map(\.receiveCount) == [2, 1])
            #expect(try await bench.delivery.receiveNow().texts == ["1"])
        },
        only(.fifo, "dead and filtered free the group") { bench in
            try await bench.intake.put("1", "2", "3", group: "a")
            try await bench.settle(bench.receive(1), .dead(bench.failure()))
            try await bench.settle(bench.receive(1), .filtered)
            #expect(try await bench.receive().texts == ["3"])
        },
        only(.fifo, "groups and order go on to the next queue") { bench in
            try await bench.intake.put("1", "2", group: "a")
            let batch = try await bench.receive()
            try await bench.settle(batch, bench.passed(batch[0], "1"), bench.passed(batch[1], "2a", "2b"))
            let first = try await bench.delivery.receiveNow(1, as: .step)
            #expect(first.texts == ["1"])
            #expect(try await bench.delivery.receiveNow() == [])
        },
        only(.fifo, "a group keeps its order over a crash, retries and releases", QueueSettings(maxReceiveCount: 100)) {
            bench in
            try await bench.intake.put((0..<6).map { "\($0)" }, group: "a")
            var seen: [String] = []
            for round in 0..<100 where seen.count < 6 {
                let batch = try await bench.receive(3)
                #expect(batch.texts == (seen.count..<6).prefix(batch.count).map { "\($0)" })
                switch round % 4 {
                case 0: try await bench.fixture.restart()
                case 1: try await bench.settle(batch, .release())
                case 2: try await bench.settle(batch, .retry(after: .zero, bench.failure()))
                default:
                    try await bench.settle(batch, .filtered)
                    seen += batch.texts
                }
            }
            #expect(seen == (0..<6).map { "\($0)" })
        },
    ].flatMap(\.self)

    static let crashes: [Check] = [
        both("what a step held when its process died comes back at once, alone, and uncounted") { bench in
            try await bench.intake.put("a", group: "a")
            try await bench.intake.put("b", group: "b")
            #expect(try await bench.receive().count == 2)
            try await bench.intake.put("c", group: "c")
            try await bench.fixture.restart()
            for text in ["a", "b"] {
                let alone = try await bench.receive()
                #expect(alone.texts == [text])
                #expect(alone.map(\.receiveCount) == [1])
                #expect(alone.map(\.isSuspect) == [true])
                #expect(try await bench.receive() == [], "nothing is added while a suspect is out")
                try await bench.settle(alone, .filtered)
            }
            let rest = try await bench.receive()
            #expect(rest.texts == ["c"])
            #expect(rest.map(\.isSuspect) == [false])
        },
        both("a suspect waits until nobody holds anything else") { bench in
            try await bench.intake.put("a", group: "a")
            _ = try await bench.receive()
            try await bench.fixture.restart()
            let suspect = try await bench.receive()
            try await bench.settle(suspect, .retry(after: .zero, bench.failure()))
            try await bench.intake.put("b", group: "b")
            let both = try await bench.receive()
            #expect(Set(both.texts) == ["a", "b"], "it survived being alone: it is a suspect no more")
            #expect(both.allSatisfy { !$0.isSuspect })
        },
        both(
            "a message that kills its process is dead after as many receives, its neighbours are not",
            QueueSettings(maxReceiveCount: 3)
        ) {
            bench in
            try await bench.intake.put("good-1", group: "1")
            try await bench.intake.put("killer", group: "2")
            try await bench.intake.put("good-2", group: "3")
            var worked: Set<String> = []
            for _ in 0..<20 where worked.count < 2 {
                while true {
                    let batch = try await bench.receive()
                    if batch.isEmpty || batch.texts.contains("killer") { break }
                    worked.formUnion(batch.texts)
                    try await bench.settle(batch, .filtered)
                }
                try await bench.fixture.restart()
            }
            for _ in 0..<5 {
                _ = try await bench.receive()
                try await bench.fixture.restart()
            }
            #expect(worked == ["good-1", "good-2"])
            let letters = try await bench.deadLetters()
            #expect(letters.map(\.body) == [Array("killer".utf8)])
            #expect(letters.map(\.receiveCount) == [3])
            #expect(letters.first?.history.latest?.type == "process-ended")
        },
        both("a client's messages are no suspects") { bench in
            try await bench.intake.put("a")
            _ = try await bench.intake.receiveNow()
            try await bench.fixture.restart()
            bench.clock.advance(by: .seconds(30))
            let again = try await bench.receive()
            #expect(again.map(\.receiveCount) == [2])
            #expect(again.map(\.isSuspect) == [false])
        },
        both("a released suspect is one still") { bench in
            try await bench.intake.put("a")
            _ = try await bench.receive()
            try await bench.fixture.restart()
            try await bench.settle(bench.receive(), .release())
            let again = try await bench.receive()
            #expect(again.map(\.isSuspect) == [true])
            #expect(again.map(\.receiveCount) == [1])
        },
    ].flatMap(\.self)
}
