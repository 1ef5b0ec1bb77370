package import Sluice
import Testing

/// What every `Settler` does with the queues of a pipeline.
///
/// ```swift
/// @Test("the embedded settler keeps its contract", arguments: SettlerConformance.checks)
/// func conformance(_ check: SettlerConformance.Check) async throws { try await check.run(makeFixture()) }
/// ```
package enum SettlerConformance {
    package struct Check: Sendable, CustomTestStringConvertible {
        let name: String
        let type: QueueType
        let settings: QueueSettings
        let body: @Sendable (StepBench) async throws -> Void

        /// On a fixture of its own. The ledger adds up after each, and after a restart too.
        package func run(_ fixture: any EngineFixture) async throws {
            let pipeline = Pipeline.sample(type, settings)
            try await fixture.apply(pipeline)
            try await body(StepBench(fixture: fixture, pipeline: pipeline))
            #expect(try await fixture.control.status(pipeline: nil).discrepancies == [])
            try await fixture.restart()
            #expect(try await fixture.control.status(pipeline: nil).discrepancies == [])
        }

        package var testDescription: String { "\(type): \(name)" }
    }

    package static let checks: [Check] = passing + failing + stale + groups + crashes

    static func both(
        _ name: String, _ settings: QueueSettings = QueueSettings(),
        _ body: @escaping @Sendable (StepBench) async throws -> Void
    ) -> [Check] {
        QueueType.allCases.map { Check(name: name, type: $0, settings: settings, body: body) }
    }

    static func only(
        _ type: QueueType, _ name: String, _ settings: QueueSettings = QueueSettings(),
        _ body: @escaping @Sendable (StepBench) async throws -> Void
    ) -> [Check] {
        [Check(name: name, type: type, settings: settings, body: body)]
    }
}

/// The transform step of one check, driven by hand.
package struct StepBench: Sendable {
    package let fixture: any EngineFixture
    package let pipeline: Pipeline

    package init(fixture: any EngineFixture, pipeline: Pipeline) {
        self.fixture = fixture
        self.pipeline = pipeline
    }

    package var clock: ManualClock { fixture.clock }
    package var intake: any BoundedQueue { get async { await fixture.queue(named: pipeline.intakeQueue) } }
    package var delivery: any BoundedQueue { get async { await fixture.queue(named: pipeline.deliveryQueue) } }

    package func receive(_ limit: Int = 10) async throws -> [ReceivedMessage] {
        try await intake.receiveNow(limit, as: .step)
    }

    /// One disposition for each message, or one for all of them.
    @discardableResult
    package func settle(
        _ batch: [ReceivedMessage], _ dispositions: Disposition..., receiving limit: Int? = nil
    ) async throws -> SettlementResult {
        let all = dispositions.count == 1 ? batch.map { _ in dispositions[0] } : dispositions
        let settlement = Settlement(
            queue: pipeline.intakeQueue, step: pipeline.transformStep, of: batch, dispositions: all,
            ordered: pipeline.queue.type == .fifo)
        let next = limit.map { ReceiveRequest(limit: $0, holder: .step) }
        return try await fixture.settler.settle(settlement, receiving: next)
    }

    /// Passed on with these outputs.
    package func passed(_ message: ReceivedMessage, _ outputs: String...) -> Disposition {
        .passed(
            outputs.enumerated().map { index, text in
                Outgoing(queue: pipeline.deliveryQueue, body: Bytes(text), lineage: message.lineage.output(index))
            })
    }

    package func failure(_ reason: String = "the day is not there") -> Failure {
        Failure(reason: reason, type: "ValidationError", step: "transform", time: clock.now, version: "9f3c1")
    }

    package func deadLetters() async throws -> [DeadLetter] {
        try await fixture.control.deadLetters(DeadLetterSelection(), limit: 1_000)
    }

    package func report(_ queue: String) async throws -> QueueReport {
        try #require(try await fixture.control.queues(named: queue).first)
    }

    package func stepLedger() async throws -> [LedgerEntry: Int] {
        let report = try await fixture.control.status(pipeline: pipeline.name).pipelines.first
        return try #require(report?.steps.first { $0.name == pipeline.transformStep }).ledger
    }
}
