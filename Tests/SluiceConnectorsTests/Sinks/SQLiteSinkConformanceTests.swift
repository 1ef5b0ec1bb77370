import Sluice
import SluiceTesting
import Testing

@Suite("The SQLite sink keeps what every sink promises")
struct SQLiteSinkConformanceTests {
    @Test("with inserts", arguments: RecordSinkConformance.allCases)
    func insert(_ promise: RecordSinkConformance) async throws {
        try await promise.check(try SinkFolder())
    }

    @Test("with upserts", arguments: RecordSinkConformance.allCases)
    func upsert(_ promise: RecordSinkConformance) async throws {
        try await promise.check(try SinkFolder(key: ["n"]))
    }

    @Test("with rows that are left alone when they are there", arguments: RecordSinkConformance.allCases)
    func ignore(_ promise: RecordSinkConformance) async throws {
        try await promise.check(try SinkFolder(key: ["n"], mode: .ignore))
    }
}
