import Sluice
import SluiceTesting
import Synchronization
import Testing

/// Repeatable chance: a failing seed is an argument of the test.
private struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Answers at random, and remembers in which order records of a group got through.
private final class Whim: Sendable {
    private let chance: Mutex<Chance>
    private let passed = Mutex<[String]>([])

    init(seed: UInt64) { chance = Mutex(Chance(state: seed)) }

    var order: [String] { passed.withLock { $0 } }
    func roll(_ sides: Int) -> Int { chance.withLock { Int.random(in: 0..<sides, using: &$0) } }

    func outcome(_ record: RawRecord) throws -> Outcome<Bytes> {
        switch roll(12) {
        case 0: throw Broken()
        case 1: return .retry("not now")
        case 2: return .reject("never")
        case 3: return .filtered
        case 4: return [record.body, record.body]
        default: return [record.body]
        }
    }

    func sinkAnswer(_ batch: [SinkRecord]) throws(SinkError) -> [SinkEffect] {
        switch roll(8) {
        case 0:
            let named = (0..<(1 + roll(3))).map { _ in roll(batch.count) }
            throw .rejected(named.map { SinkRejection(index: $0, reason: "no", type: "sql:19") })
        case 1: throw .batchRejected(reason: "no", type: "http:400")
        case 2: throw .busy(reason: "locked", type: "sql:5", after: nil)
        case 3: throw .rejected([SinkRejection(index: batch.count + 7, reason: "it miscounts", type: "sql:19")])
        default: return batch.map { _ in .written }
        }
    }
}

@Suite("Whatever functions and sinks answer", .timeLimit(.minutes(4)))
struct StepPropertyTests {
    private static let records = 120

    /// Runs a step over `records` messages of five groups until the queue is empty.
    private func drain(
        _ fixture: StepFixture, _ step: any Step, _ control: StepControl, ordered: Bool, concurrency: Int
    ) async throws -> ScriptedSettler {
        let queue = ScriptedQueue(ordered: ordered)
        let settler = ScriptedSettler(queue)
        queue.put((0..<Self.records).map { .scripted($0, group: "g\($0 % 5)") })
        let loop = StepLoop(
            step, from: queue, settler: settler, control: control,
            plan: StepLoop.Plan(concurrency: concurrency, batch: 16, ordered: ordered), clock: fixture.clock,
            logger: fixture.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await loop.run() }
            group.addTask { try await queue.wait { $0.count == 0 } }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
        return settler
    }

    /// Every message came to exactly one end, and within a group no end overtook an earlier one.
    private func expectAccounted(_ settler: ScriptedSettler, ordered: Bool) {
        let ends = settler.done + settler.dead.keys
        #expect(ends.count == Self.records)
        #expect(Set(ends).count == Self.records)
        guard ordered else { return }
        var latest: [String: Int] = [:]
        for settlement in settler.settlements {
            for entry in settlement.entries {
                guard ["passed", "filtered", "written", "dead"].contains(entry.disposition.word) else { continue }
                let number = Int(entry.receipt.message.low)
                let group = "g\(number % 5)"
                #expect(latest[group, default: -1] < number, "\(number) came after \(latest[group] ?? -1)")
                latest[group] = number
            }
        }
    }

    @Test(
        "a transform gives every message exactly one disposition, in the order of its group",
        arguments: 1...8 as ClosedRange<UInt64>, [QueueType.standard, .fifo])
    func transform(seed: UInt64, type: QueueType) async throws {
        let fixture = StepFixture(type)
        let whim = Whim(seed: seed)
        let oneByOne = Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in try whim.outcome(record) }
        let inBatches = Function(batch: "f") { records, _ in try records.map(whim.outcome) }
        for function in [oneByOne, inBatches] {
            let control = fixture.transformControl()
            let step = try fixture.transform(function, control: control)
            let settler = try await drain(fixture, step, control, ordered: type == .fifo, concurrency: 3)
            expectAccounted(settler, ordered: type == .fifo)
        }
    }

    @Test(
        "a delivery gives every message exactly one disposition, in the order of its group",
        arguments: 1...8 as ClosedRange<UInt64>, [QueueType.standard, .fifo])
    func delivery(seed: UInt64, type: QueueType) async throws {
        let fixture = StepFixture(type) { $0.deliver.breaker = BreakerPlan(after: 1_000) }
        let whim = Whim(seed: seed)
        let sink = RecordingSink { batch, _ throws(SinkError) in try whim.sinkAnswer(batch) }
        let control = fixture.deliveryControl()
        let step = try fixture.delivery(sink, control: control)
        let settler = try await drain(fixture, step, control, ordered: type == .fifo, concurrency: 3)
        expectAccounted(settler, ordered: type == .fifo)
        #expect(Set(sink.written).count == sink.written.count, "nothing was written twice")
        #expect(Set(sink.written) == Set(settler.done), "what was written is what is done")
        #expect(Set(sink.settled) == Set(sink.written))
    }
}
