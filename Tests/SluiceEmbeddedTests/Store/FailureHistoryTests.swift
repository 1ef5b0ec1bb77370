import GRDB
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("Failures of messages that are still in their queue")
struct FailureHistoryTests {
    private func bench(_ messages: Int, maxReceiveCount: Int = 1_000) async throws -> (TemporaryEngine, StepBench) {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample(.standard, QueueSettings(maxReceiveCount: maxReceiveCount))
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        try await bench.intake.put((0..<messages).map(String.init))
        return (engine, bench)
    }

    private func rows(_ engine: TemporaryEngine) throws -> [[Int]] {
        try StoreDatabase(path: engine.path + "/store.db").read { database in
            try Row.fetchAll(database, sql: "SELECT message, number FROM failure ORDER BY message, number")
                .map { [$0["message"], $0["number"]] }
        }
    }

    @Test("the first and the last five are kept, the rest counted, also across a restart", arguments: [3, 10, 12, 23])
    func firstAndLast(_ count: Int) async throws {
        let (engine, bench) = try await bench(2)
        for number in 0..<count {
            if number == count / 2 { try await engine.restart() }
            let batch = try await bench.receive(1)
            try await bench.settle(batch, .retry(after: .zero, bench.failure("attempt \(number)")))
        }
        try await bench.settle(bench.receive(1), .dead(bench.failure("attempt \(count)")))
        let history = try #require(try await bench.deadLetters().first).history
        let all = (0...count).map { "attempt \($0)" }
        #expect(history.count == all.count)
        #expect(history.kept.map(\.reason) == (all.count <= 10 ? all : Array(all.prefix(5) + all.suffix(5))))
        #expect(history.latest == bench.failure("attempt \(count)"))
    }

    @Test("a failure is one row, and what is gone leaves none")
    func rows() async throws {
        let (engine, bench) = try await bench(3)
        for _ in 0..<12 {
            try await bench.settle(bench.receive(), .retry(after: .zero, bench.failure()))
        }
        try await bench.settle(bench.receive(1), .filtered)
        try await bench.settle(bench.receive(1), .dead(bench.failure()))
        await engine.close()
        #expect(try rows(engine) == ([0, 1, 2, 3, 4] + [7, 8, 9, 10, 11]).map { [2, $0] })
        #expect(try await DataCheck.problems(inFolder: engine.path, logger: TemporaryEngine.quiet()) == [])
    }

    @Test("a failure that cannot be read is found, with its place")
    func damaged() async throws {
        let (engine, bench) = try await bench(1)
        try await bench.settle(bench.receive(), .retry(after: .zero, bench.failure()))
        await engine.close()
        try StoreDatabase(path: engine.path + "/store.db").transaction {
            try $0.execute(sql: "UPDATE failure SET failure = x'07'")
        }
        let problems = try await DataCheck.problems(inFolder: engine.path, logger: TemporaryEngine.quiet())
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("a failure of message 0 of chunk 1 cannot be read") == true, "\(problems)")
    }
}
