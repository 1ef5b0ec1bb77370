import Foundation
import Sluice
import SluiceTesting
import Testing

private struct Sale: Codable {
    var order_id: Int
    var customer: String
    var quantity: Int
    var amount: Double
    var note: String
}

/// Prints what a record costs; `SLUICE_MEASURE=1` in an optimised build gives figures worth writing down.
@Suite("The cost of a record", .enabled(if: ProcessInfo.processInfo.environment["SLUICE_MEASURE"] != nil))
struct FunctionCostTests {
    private func measure(_ name: String, _ function: Function) async throws {
        let note = String(repeating: "x", count: 150)
        let batch = (0..<100).map { number in
            ReceivedMessage.received(
                number,
                #"{"order_id":\#(number),"customer":"c\#(number)","quantity":3,"amount":12.5,"note":"\#(note)"}"#)
        }
        let step = try StepFixture().transform(function)
        _ = await step.process(batch)
        let start = clock()
        for _ in 0..<500 { _ = await step.process(batch) }
        let microseconds = Double(clock() - start) / Double(CLOCKS_PER_SEC) * 1e6 / 50_000
        print("\(name): \(microseconds) µs of CPU a record")
    }

    @Test("bytes and Codable")
    func costs() async throws {
        try await measure("raw", Function("f") { (record: RawRecord, _) -> Outcome<Bytes> in [record.body] })
        try await measure("raw batch", Function(batch: "f") { records, _ in records.map { [$0.body] } })
        try await measure("Codable", Function("f") { (sale: Sale, _) -> Outcome<Sale> in [sale] })
        try await measure("decode only", Function("f") { (sale: Sale, _) -> Outcome<Bytes> in .filtered })
    }
}
