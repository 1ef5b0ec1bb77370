import Sluice
import SluiceEmbedded
import SluiceTesting
import Synchronization
import Testing

/// Several lives of one data folder: random work in parallel, a death at a random commit, and a look at what is left.
struct ModelRun {
    static let most = 4

    let seed: UInt64
    let type: QueueType
    let tasks: Int
    let lives: Int
    let operations: Int

    func run() async throws {
        var random = SeededGenerator(seed: seed)
        let plan = FaultPlan()
        let engine = try await TemporaryEngine(faults: plan.faults)
        let pipeline = Pipeline.sample(type, keep: Bool.random(using: &random) ? .days(1) : nil, Self.settings)
        try await engine.apply(pipeline)
        let model = RecordModel()
        let numbers = RecordNumbers()
        for life in 0..<lives {
            plan.arm(
                commit: Int.random(in: 0..<operations * tasks, using: &random),
                Bool.random(using: &random) ? .beforeCommit : .afterCommit)
            let seeds = (0..<tasks).map { _ in random.next() }
            await withTaskGroup(of: Void.self) { group in
                for (index, seed) in seeds.enumerated() {
                    let worker = ModelWorker(
                        engine: engine, pipeline: pipeline, model: model, group: "\(index)", numbers: numbers,
                        random: SeededGenerator(seed: seed))
                    group.addTask {
                        var worker = worker
                        await worker.run(operations: operations)
                    }
                }
            }
            plan.disarm()
            try await look(engine, pipeline, model, life)
        }
        await engine.close()
    }

    private static let settings = QueueSettings(maxReceiveCount: most)

    private func look(_ engine: TemporaryEngine, _ pipeline: Pipeline, _ model: RecordModel, _ life: Int) async throws {
        await engine.close()
        #expect(try await DataCheck.problems(inFolder: engine.path, logger: TemporaryEngine.quiet()) == [])
        try await engine.start()
        let letters = try await engine.control.deadLetters(DeadLetterSelection(), limit: .max)
        for letter in letters {
            let type = letter.history.latest?.type
            let isDeserved = type == "model" || letter.receiveCount >= Self.most
            #expect(isDeserved, "record \(letter.text) is dead after \(letter.receiveCount) receives: \(type ?? "")")
        }
        await engine.close()
        let stored = try StoredRecords(path: engine.path, clock: engine.clock)
        let problems =
            model.verify(stored.records.map { ($0.text, $0.queue) }, letters) + disorder(stored, model, pipeline)
        #expect(problems == [], "seed \(seed), life \(life), \(type), \(tasks) tasks")
        try await engine.start()
        #expect(try await engine.control.status(pipeline: nil).discrepancies == [])
    }

    /// In each queue the records of a group stand in the order they were sent in.
    private func disorder(_ stored: StoredRecords, _ model: RecordModel, _ pipeline: Pipeline) -> [String] {
        guard type == .fifo else { return [] }
        var last: [String: Int] = [:]
        var found: [String] = []
        for record in stored.records where pipeline.workQueues.contains(record.queue) && !model.isRedriven(record.text)
        {
            let line = "\(record.queue) \(record.group ?? "")"
            let number = Int(record.text.split(separator: " ")[1]) ?? 0
            if let before = last[line], number <= before { found.append("\(line): \(number) stands behind \(before)") }
            last[line] = number
        }
        return found
    }
}
