import SluiceTesting
import Testing

/// The contract of a queue on the wire: client, protocol, server and store at once.
@Suite("The circle")
struct CircleTests {
    @Test("a queue behind the wire keeps its contract", arguments: MessageQueueConformance.checks.filter(isNotWaived))
    func queue(_ check: MessageQueueConformance.Check) async throws {
        let fixture = try await WireFixture()
        try await check.run(fixture)
        try await fixture.remove()
    }

    @Test("every waiver is of a check that is there")
    func waivers() {
        let names = Set(MessageQueueConformance.checks.map(\.testDescription))
        for waived in SQSWaivers.all.keys {
            #expect(names.contains { $0.hasSuffix(": \(waived)") }, "\(waived)")
        }
    }

    private static func isNotWaived(_ check: MessageQueueConformance.Check) -> Bool {
        !SQSWaivers.all.keys.contains { check.testDescription.hasSuffix(": \($0)") }
    }
}
