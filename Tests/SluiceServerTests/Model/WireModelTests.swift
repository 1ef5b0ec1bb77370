import Foundation
import Sluice
import Testing

/// The whole store through the port: any serial order of what clients ask at the same time may have happened, and
/// nothing else.
///
/// Clients ask in rounds, all at once, over HTTP and in both protocols; the clock stands still meanwhile. In some rounds
/// the store dies at a random commit. Then `SerialOrder` looks for the orders of these operations in which `QueueWorld`,
/// a plain model of what SQS promises of two queues, can have given exactly these answers: none found is a failure.
/// Several found are carried along, all of them, until an answer tells them apart; and so is all that may have come of
/// what the store did not live to answer. Between rounds one client alone looks at everything, time passes (mostly to
/// just before a moment at which something changes by itself, or to that moment), and it looks again. What is asked
/// there has one order, and answers have to be complete: counts exact, and nothing visible left out of a receive.
///
/// The seeds are random; a failure says its own. `SLUICE_WIRE_SEED=17` does one again: with one client exactly, with
/// several as far as they come in the same order. `SLUICE_WIRE_RUNS` is the number of seeds, `SLUICE_WIRE_ROUNDS` that
/// of rounds.
///
/// Not in it: long polls, for the clock stands still; move tasks; pipelines' queues (see the model of records in
/// `SluiceEmbeddedTests`).
@Suite("Random requests of several clients, and what SQS promises")
struct WireModelTests {
    private static let environment = ProcessInfo.processInfo.environment

    private static func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }

    static let rounds = number("SLUICE_WIRE_ROUNDS") ?? 12

    static let seeds: [UInt64] = {
        if let seed = environment["SLUICE_WIRE_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        return (0..<(number("SLUICE_WIRE_RUNS") ?? 4)).map { _ in .random(in: 0..<1_000_000_000) }
    }()

    /// The same seed asks exactly the same again.
    @Test("one client", arguments: seeds, QueueType.allCases)
    func alone(_ seed: UInt64, _ type: QueueType) async throws {
        var run = try await WireModelRun(seed: seed, isFIFO: type == .fifo, clients: 1, operations: 12)
        try await run.run(rounds: Self.rounds)
    }

    @Test("several clients at once", arguments: seeds, QueueType.allCases)
    func together(_ seed: UInt64, _ type: QueueType) async throws {
        var run = try await WireModelRun(seed: seed, isFIFO: type == .fifo, clients: 3, operations: 5)
        try await run.run(rounds: Self.rounds)
    }
}
