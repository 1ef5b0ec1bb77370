import Logging
import Sluice
import Testing

@Suite("What a query of a log wants")
struct LogFilterTests {
    private func entry(
        _ kind: LogEntry.Kind = .output, at time: Int64 = 0, step: String? = "transform", request: String? = nil,
        record: RecordIdentity? = nil, records: [UInt64] = []
    ) -> LogEntry {
        LogEntry(
            time: Timestamp(milliseconds: time), pipeline: "orders", step: step, kind: kind, level: .info, message: "",
            requestID: request, fields: record.map { [LogEntry.recordField: .text($0.text)] } ?? [:],
            records: RecordMarks(records.map { .numbered($0) }))
    }

    private func wanted(_ query: LogQuery, _ entries: [LogEntry]) -> [Int] {
        var filter = LogFilter(query)
        return entries.indices.filter { filter.wants(entries[$0]) }
    }

    private let seven = RawRecord.numbered(7).identity
    private let eight = RawRecord.numbered(8).identity

    @Test("of a record: the invocations that had it, whole, and no others")
    func invocations() {
        let entries = [
            entry(request: nil),
            entry(.start, request: "a", records: [6, 7, 8]), entry(request: "a"), entry(.report, request: "a"),
            entry(.start, request: "b", records: [6]), entry(request: "b"), entry(.report, request: "b"),
            entry(.start, request: "c", records: [7]), entry(.error, request: "c"), entry(.report, request: "c"),
            entry(.error, request: "a"),
        ]
        #expect(wanted(LogQuery(pipeline: "orders", record: seven), entries) == [1, 2, 3, 7, 8, 9, 10])
    }

    @Test("a line that names another record is about that one")
    func others() {
        let entries = [
            entry(.start, request: "a", records: [7, 8]), entry(request: "a", record: seven),
            entry(request: "a", record: eight), entry(.step, record: seven), entry(.step, record: eight),
        ]
        #expect(wanted(LogQuery(pipeline: "orders", record: seven), entries) == [0, 1, 3])
    }

    @Test("an output is found with the record it was made of, and the other way round")
    func outputs() {
        let entries = [
            entry(.start, request: "a", records: [7]), entry(.step, step: "shop", record: seven.output(0)),
            entry(.step, step: "shop", record: seven.output(1)), entry(.step, record: seven),
        ]
        #expect(wanted(LogQuery(pipeline: "orders", record: seven), entries) == [0, 1, 2, 3])
        #expect(wanted(LogQuery(pipeline: "orders", record: seven.output(0)), entries) == [0, 1, 3])
    }

    @Test("a record is known by its own name, in its invocations and where it alone is meant")
    func ownNames() {
        let named = RawRecord(body: Bytes(""), identity: seven, name: "order-7", received: Timestamp(milliseconds: 0))
        var start = entry(.start, request: "a")
        start.records = RecordMarks([.numbered(6), named])
        var failed = entry(.step, step: "shop", record: eight.output(0))
        failed.records = RecordMarks(eight.output(0), name: "order-7")
        let entries = [
            entry(.start, request: "b", records: [6]), entry(request: "b"), start, entry(request: "a"),
            entry(request: "a", record: seven), entry(request: "a", record: RawRecord.numbered(6).identity), failed,
            entry(.step, record: RawRecord.numbered(9).identity), entry(.step, step: "shop", record: seven.output(1)),
        ]
        #expect(wanted(LogQuery(pipeline: "orders", record: RecordIdentity("order-7")), entries) == [2, 3, 4, 6, 8])
        #expect(wanted(LogQuery(pipeline: "orders", record: RecordIdentity("order-8")), entries) == [])
        #expect(wanted(LogQuery(pipeline: "orders", record: seven), entries) == [2, 3, 4, 8])
    }

    @Test("an invocation that began before the time that is asked for is still known")
    func began() {
        let entries = [entry(.start, at: 1, request: "a", records: [7]), entry(at: 5, request: "a")]
        let since = Timestamp(milliseconds: 3)
        #expect(wanted(LogQuery(pipeline: "orders", since: since, record: seven), entries) == [1])
    }

    @Test("times are included, steps are told apart, and what concerns the pipeline is of each step")
    func timesAndSteps() {
        let entries = [entry(at: 1), entry(at: 2, step: "shop"), entry(at: 3, step: nil), entry(at: 4)]
        let (two, three) = (Timestamp(milliseconds: 2), Timestamp(milliseconds: 3))
        #expect(wanted(LogQuery(pipeline: "orders", since: two, until: three), entries) == [1, 2])
        #expect(wanted(LogQuery(pipeline: "orders", step: "shop"), entries) == [1, 2])
    }

    @Test("a name as an identity has a mark as well, the same in every process")
    func names() {
        let line = RecordIdentity("drop/in/1997-01.csv@3#17")
        #expect(RecordMarks.mark(of: line) == RecordMarks.mark(of: RecordIdentity(line.text)))
        #expect(RecordMarks.mark(of: line) != RecordMarks.mark(of: RecordIdentity("drop/in/1997-01.csv@3#18")))
        #expect(RecordMarks.mark(of: seven.output(3)) == RecordMarks.mark(of: seven))
    }
}
