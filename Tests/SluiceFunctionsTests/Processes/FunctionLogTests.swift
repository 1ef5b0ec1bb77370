import Logging
import NIOCore
import Sluice
import SluiceTesting
import Testing

@testable import SluiceFunctions

@Suite("What is logged of a function's process")
struct FunctionLogTests {
    private let fixture: FunctionFixture
    private let sink = RecordingLogSink()

    init() throws { fixture = try FunctionFixture() }

    private func pool(_ source: String) throws -> FunctionPool {
        try fixture.pool(source, log: sink.log())
    }

    private func call(_ pool: FunctionPool, _ id: String, timeout: Duration = .seconds(20)) async {
        _ = await pool.invoke(id, ByteBuffer(string: "{}"), timeout: timeout)
    }

    private func entries(of id: String) -> [LogEntry] { sink.entries.filter { $0.requestID == id } }

    @Test("what a function writes before it answers belongs to that invocation, all of it")
    func attribution() async throws {
        let pool = try pool(
            """
            from os import write
            def handler(event, context):
                for n in range(200): write(1 + n % 2, f"{context.aws_request_id} {n}\\n".encode())
            """)
        defer { pool.close() }
        for number in 0..<50 { await call(pool, "id-\(number)") }
        for number in 0..<50 {
            let own = entries(of: "id-\(number)")
            #expect(own.map(\.kind) == [.start] + Array(repeating: .output, count: 200) + [.end, .report])
            #expect(own.dropFirst().dropLast(2).allSatisfy { $0.message.hasPrefix("id-\(number) ") })
        }
        #expect(Set(sink.entries.map(\.stream)).count == 1)
    }

    @Test("a function that is late, and one whose process ends, have Lambda's words between their lines")
    func ends() async throws {
        let pool = try pool(
            """
            from os import _exit
            from time import sleep
            def handler(event, context):
                print("begun")
                if context.aws_request_id == "late": sleep(60)
                _exit(3)
            """)
        defer { pool.close() }
        await call(pool, "late", timeout: .milliseconds(700))
        await call(pool, "ends")
        for id in ["late", "ends"] {
            #expect(entries(of: id).map(\.kind) == [.start, .output, .error, .end, .report])
        }
        #expect(entries(of: "late")[2].message == "late Task timed out after 0.70 seconds")
        #expect(entries(of: "ends")[2].message == "RequestId: ends Error: Runtime exited with error: exit status 3")
        #expect(entries(of: "ends")[2].fields["errorType"] == "Runtime.ExitError")
        #expect(entries(of: "late")[0].stream != entries(of: "ends")[0].stream)
        #expect(entries(of: "ends")[4].fields["initDuration"] != nil, "a process of its own")
    }

    @Test("what a process writes outside of invocations is bounded, too, and counted")
    func outside() async throws {
        let pool = try pool("for n in range(30_000): print(n)\ndef handler(event, context): print('in')\n")
        defer { pool.close() }
        await call(pool, "id")
        let before = sink.entries.filter { $0.requestID == nil }
        #expect(before.count { $0.kind == .output } == InvocationLog.mostLines)
        #expect(before.last?.fields["lines"] == 20_000)
        #expect(entries(of: "id").map(\.kind) == [.start, .output, .end, .report])
    }
}
