import Testing

@testable import Sluice

@Suite("The rate of a step")
struct ThroughputTests {
    private let start = Timestamp(milliseconds: 1_767_225_600_000)

    @Test("a burst counts over its own time, steady work over ten seconds, and what is long ago not at all")
    func rate() {
        var throughput = Throughput()
        #expect(throughput.rate(at: start) == 0)
        for half in 0..<4 { throughput.count(500, at: start + .milliseconds(500 * half)) }
        #expect(throughput.rate(at: start + .seconds(2)) == 1_000)
        for second in 2..<60 { throughput.count(1_000, at: start + .seconds(second)) }
        #expect((950...1_120).contains(throughput.rate(at: start + .milliseconds(59_999))))
        #expect(throughput.rate(at: start + .seconds(80)) == 0)
        throughput.count(100, at: start + .seconds(100))
        #expect(throughput.rate(at: start + .seconds(101)) == 100)
    }
}
