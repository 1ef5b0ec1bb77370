import Foundation
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("Free pages")
struct FreePagesTests {
    @Test("go back to the file system when more are free than hold something, and what is there stays")
    func givenBack() async throws {
        let engine = try await TemporaryEngine()
        let pipeline = Pipeline.sample(.standard)
        try await engine.apply(pipeline)
        let bench = StepBench(fixture: engine, pipeline: pipeline)
        // Every 20th is small and stays: what is left lies all over the file.
        for number in 0..<60 {
            let stays = number % 20 == 19
            try await bench.intake.put(stays ? "stays \(number)" : String(repeating: "x", count: 900_000))
        }
        let batch = try await bench.receive(60)
        #expect(batch.count == 60)
        try await bench.settle(batch.filter { $0.body.count > 100 }, .filtered)
        #expect(try pages(engine).free > 10_000)
        for _ in 0..<50 {
            engine.clock.advance(by: .seconds(16))
            _ = try await engine.control.status(pipeline: nil)
        }
        let after = try pages(engine)
        #expect(after.free <= 4_096)
        #expect(after.free > 3_000, "some stay for what comes next")
        let length = try FileManager.default.attributesOfItem(atPath: engine.path + "/store.db")[.size] as? Int
        #expect(length == after.all * 4_096)
        await engine.close()
        #expect(try await DataCheck.problems(inFolder: engine.path, logger: TemporaryEngine.quiet()) == [])
        try await engine.start()
        engine.clock.advance(by: .hours(1))
        // Nobody has settled them: each is received alone, when the one before is settled.
        var texts: Set<String> = []
        for _ in 0..<3 {
            let batch = try await bench.receive(60)
            texts.formUnion(batch.texts)
            try await bench.settle(batch, .filtered)
        }
        #expect(texts == Set((0..<3).map { "stays \($0 * 20 + 19)" }))
    }

    private func pages(_ engine: TemporaryEngine) throws -> (all: Int, free: Int) {
        try StoreDatabase(path: engine.path + "/store.db").pages()
    }
}
