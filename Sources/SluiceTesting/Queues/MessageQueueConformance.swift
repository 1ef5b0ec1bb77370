import Sluice
import Testing

/// What every `MessageQueue` does, in one process or behind a wire.
///
/// ```swift
/// @Test("the embedded queue keeps its contract", arguments: MessageQueueConformance.checks)
/// func conformance(_ check: MessageQueueConformance.Check) async throws { try await check.run(makeFixture()) }
/// ```
package enum MessageQueueConformance {
    package struct Check: Sendable, CustomTestStringConvertible {
        let name: String
        let type: QueueType
        let settings: QueueSettings
        let body: @Sendable (QueueBench) async throws -> Void

        /// On a fixture of its own. The ledger adds up after each.
        package func run(_ fixture: any EngineFixture) async throws {
            let pipeline = Pipeline.sample(type, settings)
            try await fixture.apply(pipeline)
            try await body(QueueBench(fixture: fixture, name: pipeline.intakeQueue))
            #expect(try await fixture.control.status(pipeline: nil).discrepancies == [])
        }

        package var testDescription: String { "\(type): \(name)" }
    }

    package static let checks: [Check] =
        sending + receiving + receipts + time + waiting + groups + deduplication + clients

    static func both(
        _ name: String, _ settings: QueueSettings = QueueSettings(),
        _ body: @escaping @Sendable (QueueBench) async throws -> Void
    ) -> [Check] {
        QueueType.allCases.map { Check(name: name, type: $0, settings: settings, body: body) }
    }

    static func only(
        _ type: QueueType, _ name: String, _ settings: QueueSettings = QueueSettings(),
        _ body: @escaping @Sendable (QueueBench) async throws -> Void
    ) -> [Check] {
        [Check(name: name, type: type, settings: settings, body: body)]
    }
}

/// The queue of one check.
struct QueueBench: Sendable {
    let fixture: any EngineFixture
    let name: String

    var clock: ManualClock { fixture.clock }
    var queue: any BoundedQueue { get async { await fixture.queue(named: name) } }

    func depth() async throws -> QueueDepth { try await report().depth }

    func report() async throws -> QueueReport {
        try #require(try await fixture.control.queues(named: name).first)
    }
}
