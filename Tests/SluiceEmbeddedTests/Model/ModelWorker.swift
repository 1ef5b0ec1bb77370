import Sluice
import SluiceTesting
import Synchronization

/// Counts up: no two records of a run are called the same.
final class RecordNumbers: Sendable {
    private let last = Mutex(0)
    func next() -> Int {
        last.withLock {
            $0 += 1
            return $0
        }
    }
}

/// One task of a model run: sends to a group of its own, and does the rest with whatever it comes upon.
struct ModelWorker: Sendable {
    typealias Move = RecordModel.Move

    let engine: TemporaryEngine
    let pipeline: Pipeline
    let model: RecordModel
    let group: String
    let numbers: RecordNumbers
    private var random: SeededGenerator
    /// What a step of this task holds.
    private var held: [(batch: [ReceivedMessage], queue: String)] = []
    /// What a client holds, or held until its timeout.
    private var lent: [(batch: [ReceivedMessage], queue: String)] = []

    init(
        engine: TemporaryEngine, pipeline: Pipeline, model: RecordModel, group: String, numbers: RecordNumbers,
        random: SeededGenerator
    ) {
        self.engine = engine
        self.pipeline = pipeline
        self.model = model
        self.group = group
        self.numbers = numbers
        self.random = random
    }

    /// Works until it is done or the store has died.
    mutating func run(operations: Int) async {
        do {
            for _ in 0..<operations { try await step() }
        } catch QueueError.closed {
            // Expected: the store has died. Whatever was in doubt is noted.
        } catch {
            model.report("unexpected: \(error)")
        }
    }

    private mutating func step() async throws {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<5: try await send()
        case 5..<9: try await receive()
        case 9..<14: try await settle()
        case 14: try await lend()
        case 15: try await giveBack()
        case 16:
            engine.clock.advance(by: [.seconds(1), .seconds(10), .seconds(31)].randomElement(using: &random) ?? .zero)
        case 17: try await pauseOrResume()
        case 18: try await redrive()
        default: try await discard()
        }
    }

    private mutating func send() async throws {
        let records = (0..<Int.random(in: 1...6, using: &random)).map { _ in "\(group) \(numbers.next())" }
        let move = Move(from: "", to: pipeline.intakeQueue)
        let messages = records.map { NewMessage(body: Bytes($0), group: group) }
        try await noting(records.map { ($0, [move]) }) {
            try await engine.queue(named: pipeline.intakeQueue).send(messages).map {
                if case .stored = $0 { true } else { false }
            }
        }
    }

    private mutating func receive() async throws {
        let queue = pipeline.workQueues.randomElement(using: &random) ?? pipeline.intakeQueue
        let limit = Int.random(in: 1...8, using: &random)
        let batch = try await engine.queue(named: queue).receiveNow(limit, as: .step)
        note(batch, .step)
        if !batch.isEmpty { held.append((batch, queue)) }
    }

    private func note(_ batch: [ReceivedMessage], _ holder: ReceiveRequest.Holder) {
        model.see(batch, holder)
        if holder == .step, batch.count > 1, batch.contains(where: \.isSuspect) {
            model.report("a suspect came with others")
        }
        guard pipeline.queue.type == .fifo else { return }
        var last: [String: Int] = [:]
        for message in batch where !model.isRedriven(message.body.text) {
            let parts = message.body.text.split(separator: " ").map(String.init)
            let number = Int(parts[1]) ?? 0
            if let before = last[parts[0]], number <= before { model.report("\(number) came behind \(before)") }
            last[parts[0]] = number
        }
    }

    private mutating func settle() async throws {
        guard !held.isEmpty else { return try await receive() }
        let (batch, queue) = held.remove(at: Int.random(in: 0..<held.count, using: &random))
        let dispositions = batch.map { disposition(of: $0, in: queue) }
        let step = queue == pipeline.intakeQueue ? pipeline.transformStep : pipeline.deliveryStep
        let settlement = Settlement(
            queue: queue, step: step, of: batch, dispositions: dispositions, ordered: pipeline.queue.type == .fifo)
        let moves = zip(batch, settlement.entries).map { message, entry in
            (message.body.text, [Move(from: queue, to: target(of: entry.disposition, message, in: queue))])
        }
        let receiving = Bool.random(using: &random) ? ReceiveRequest(limit: 4, holder: .step) : nil
        var next: [ReceivedMessage] = []
        try await noting(moves) {
            let result = try await engine.settler.settle(settlement, receiving: receiving)
            next = result.next
            return result.outcomes.map { $0 == .settled }
        }
        note(next, .step)
        if !next.isEmpty { held.append((next, queue)) }
    }

    private mutating func disposition(of message: ReceivedMessage, in queue: String) -> Disposition {
        let failure = Failure(reason: "the model says so", type: "model", step: "transform", time: engine.clock.now)
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return .filtered
        case 1: return .dead(failure)
        case 2: return .release(after: .seconds(Int.random(in: 0...2, using: &random)))
        case 3, 4: return .retry(after: .seconds(Int.random(in: 0...5, using: &random)), failure)
        default:
            guard queue == pipeline.intakeQueue else { return .delivered(.written) }
            let output = Outgoing(
                queue: pipeline.deliveryQueue, body: message.body, lineage: message.lineage.output(0))
            return .passed([output])
        }
    }

    private func target(of disposition: Disposition, _ message: ReceivedMessage, in queue: String) -> String {
        let dead = QueueNames.deadLetterQueue(of: queue)
        switch disposition {
        case .passed: return pipeline.deliveryQueue
        case .split: return pipeline.intakeQueue
        case .filtered, .unconfirmed, .delivered: return ""
        case .release: return queue
        case .retry: return message.receiveCount >= ModelRun.most ? dead : queue
        case .dead: return dead
        }
    }

    // MARK: Clients

    private mutating func lend() async throws {
        let batch = try await engine.queue(named: pipeline.intakeQueue).receiveNow(3)
        note(batch, .client)
        if !batch.isEmpty { lent.append((batch, pipeline.intakeQueue)) }
    }

    private mutating func giveBack() async throws {
        guard !lent.isEmpty else { return try await lend() }
        let (batch, queue) = lent.remove(at: Int.random(in: 0..<lent.count, using: &random))
        if Bool.random(using: &random) {
            _ = try await engine.queue(named: queue).extend(batch.receipts, to: .zero)
            return
        }
        try await noting(batch.map { ($0.body.text, [Move(from: queue, to: "")]) }) {
            try await engine.queue(named: queue).delete(batch.receipts).map { $0 == .done }
        }
    }

    // MARK: Commands

    private mutating func pauseOrResume() async throws {
        if Bool.random(using: &random) {
            _ = try await engine.control.pause(pipeline: pipeline.name, step: "transform", reason: "the model")
        } else {
            _ = try await engine.control.resume(pipeline: pipeline.name, step: nil)
        }
    }

    private mutating func redrive() async throws {
        guard let letter = try await someLetter() else { return }
        model.markRedriven(letter.text)
        try await noting([(letter.text, [Move(from: letter.queue, to: letter.source)])]) {
            let selection = DeadLetterSelection(ids: [letter.id.description])
            return [try await engine.control.redrive(selection, RedriveOptions()).redriven == 1]
        }
    }

    private mutating func discard() async throws {
        guard let letter = try await someLetter() else { return }
        try await noting([(letter.text, [Move(from: letter.queue, to: "")])]) {
            let selection = DeadLetterSelection(ids: [letter.id.description])
            return [try await engine.control.discard(selection, reason: "the model", who: "test") == 1]
        }
    }

    private mutating func someLetter() async throws -> DeadLetter? {
        let letters = try await engine.control.deadLetters(DeadLetterSelection(), limit: 20)
        let letter = letters.randomElement(using: &random)
        if let letter { model.noteBurial(of: letter) }
        return letter
    }

    /// Notes the moves of an operation: those that it answers with true, or all of them as in doubt if the store dies.
    private func noting(_ moves: [(record: String, moves: [Move])], _ operation: () async throws -> [Bool]) async throws
    {
        do {
            for (entry, isDone) in zip(moves, try await operation()) where isDone {
                model.note(entry.record, entry.moves, isCertain: true)
            }
        } catch {
            for entry in moves { model.note(entry.record, entry.moves, isCertain: false) }
            throw error
        }
    }
}
