import Logging
import Sluice
import SluiceTesting
import Testing

@Suite("The lines about an invocation")
struct InvocationLogTests {
    private let sink = RecordingLogSink()

    private func report(_ report: InvocationLog.Report) -> LogEntry? {
        InvocationLog("id", in: sink.log(), stream: "s", version: "v").end(report)
        return sink.entries.last
    }

    @Test("REPORT is Lambda's, its figures are fields by the names of CloudWatch, begun milliseconds are billed")
    func full() throws {
        let entry = try #require(
            report(
                InvocationLog.Report(
                    duration: .microseconds(12_341), memory: 128 << 20, peakMemory: 65 << 20,
                    initDuration: .milliseconds(150))))
        #expect(
            entry.message
                == "REPORT RequestId: id\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB"
                + "\tMax Memory Used: 65 MB\tInit Duration: 150.00 ms")
        #expect(
            entry.fields == [
                "duration": .number(12.34), "billedDuration": 13, "memorySize": 128, "maxMemoryUsed": 65,
                "initDuration": 150,
            ])
    }

    @Test("what was not measured is left out")
    func bare() throws {
        let entry = try #require(report(InvocationLog.Report(duration: .milliseconds(7))))
        #expect(entry.message == "REPORT RequestId: id\tDuration: 7.00 ms\tBilled Duration: 7 ms")
    }

    @Test("what was dropped is said before END")
    func dropped() {
        _ = report(InvocationLog.Report(duration: .zero, dropped: InvocationLog.Dropped(lines: 3, bytes: 99)))
        #expect(sink.entries.map(\.kind) == [.step, .end, .report])
        #expect(sink.entries[0].message.hasPrefix("3 more lines (99 bytes) were not kept"))
    }

    @Test("a failure has type, message and trace, bounded")
    func failed() {
        let log = InvocationLog("id", in: sink.log(level: .error), stream: "s", version: "v")
        log.start()
        log.failed(
            "[ERROR] Odd: n is odd", Problem(reason: "n is odd", type: "Odd", remedy: .retry),
            trace: ["one\n", String(repeating: "x", count: 100_000)])
        #expect(sink.entries.map(\.kind) == [.error], "START is less than the level")
        #expect(sink.entries[0].fields["errorType"] == "Odd")
        #expect(sink.entries[0].fields["errorMessage"] == "n is odd")
        let trace = sink.entries[0].fields["stackTrace"]?.text ?? ""
        #expect(trace.hasPrefix("one\nxxx") && trace.utf8.count < 70_000)
    }

    @Test("a Swift function's own lines stand between START and REPORT, with the invocation and the record")
    func swiftFunction() async throws {
        let fixture = StepFixture()
        let log = sink.log(clock: fixture.clock)
        let logger = log.logger(beside: fixture.logger)
        let function = Function("f") { (record: RawRecord, context) -> Outcome<Bytes> in
            context.logger.notice("seen", metadata: ["size": "\(record.body.count)"])
            if record.body.isEmpty { throw Broken() }
            return [record.body]
        }
        let hosted = HostedFunction(function, host: FunctionHost(name: "orders", logger: logger), log: log)
        let context = InvocationContext(
            requestID: "r1", pipeline: "orders", function: "f", version: "v1", timeout: .seconds(10), logger: logger)
        _ = await hosted.invoke([.numbered(7, "abc")], context)
        let entries = sink.entries
        #expect(entries.map(\.kind) == [.start, .output, .end, .report])
        #expect(entries.allSatisfy { $0.requestID == "r1" && $0.stream == "stream" && $0.step == "transform" })
        #expect(entries[0].message == "START RequestId: r1 Version: v1")
        #expect(entries[0].records.contains(7))
        #expect((entries[1].message, entries[1].level) == ("seen", .notice))
        #expect(entries[1].fields["record"]?.text == RawRecord.numbered(7).identity.text)
        #expect(entries[1].fields["size"] == "3")
        #expect(entries[3].fields["memorySize"] == nil)
        #expect(fixture.lines.all.count { $0.contains("seen") } == 1, "and where the logger wrote before")
    }

    @Test("a Swift function whose time is up has that between its lines")
    func swiftTimeout() async throws {
        let function = Function(batch: "f") { _, _ in throw DeadlineExceeded() }
        let hosted = HostedFunction(
            function, host: FunctionHost(name: "orders", logger: StepFixture().logger), log: sink.log())
        let context = InvocationContext(
            pipeline: "orders", function: "f", version: "v1", timeout: .seconds(3), logger: StepFixture().logger)
        _ = await hosted.invoke([.numbered(7)], context)
        #expect(sink.entries.map(\.kind) == [.start, .error, .end, .report])
        #expect(sink.entries[1].message == "[ERROR] timeout after 3 s")
    }
}
