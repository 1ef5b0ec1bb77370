import Foundation
import NIOCore
import Sluice
import Testing

@testable import SluiceFunctions

@Suite("Functions as processes")
struct FunctionPoolTests {
    private let fixture: FunctionFixture

    init() throws { fixture = try FunctionFixture() }

    private func pool(_ source: String) throws -> FunctionPool { try fixture.pool(source) }

    private func call(
        _ pool: FunctionPool, _ event: String = "{}", timeout: Duration = .seconds(20)
    ) async -> FunctionPool.Invocation {
        await fixture.call(pool, event, timeout: timeout)
    }

    private func response(_ invocation: FunctionPool.Invocation) throws -> String {
        try FunctionFixture.response(invocation)
    }

    @Test("a handler is given the event and a context, and its result is the answer")
    func answer() async throws {
        let pool = try pool(
            """
            from os import environ
            def handler(event, context):
                return {"n": event["n"] + 1, "env": environ["GREETING"], "left": context.get_remaining_time_in_millis() > 0}
            """)
        defer { pool.close() }
        #expect(try await response(call(pool, #"{"n": 41}"#)) == #"{"n":42,"env":"hello","left":true}"#)
    }

    @Test("an environment is used again, so that what it has loaded stays")
    func warm() async throws {
        let pool = try pool("n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n")
        defer { pool.close() }
        for expected in 1...3 { #expect(try await response(call(pool)) == "\(expected)") }
    }

    @Test("what a handler raises is reported with its type, and the environment goes on")
    func raises() async throws {
        let pool = try pool(
            "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    if n == 1: raise ValueError('no cents')\n    return n\n"
        )
        defer { pool.close() }
        guard case .answer(.error(let error), _) = await call(pool) else {
            Issue.record("it did not fail")
            return
        }
        #expect(error.reason == "ValueError: no cents")
        #expect(error.stackTrace.joined().contains("handler.py"))
        #expect(try await response(call(pool)) == "2")
    }

    @Test("a module that is not there fails the start, and says where it was looked for")
    func noModule() async throws {
        let pool = try fixture.pool(handler: "absent.handler")
        defer { pool.close() }
        guard case .notStarted(let problem) = await call(pool) else {
            Issue.record("it started")
            return
        }
        #expect(problem.type == "Runtime.ImportModuleError")
        #expect(problem.reason.contains("Unable to import module 'absent'"))
    }

    @Test("a function that fails at its start is not started again and again, however often it is called")
    func storm() async throws {
        let starts = fixture.folder.path + "/starts"
        let pool = try pool("open('\(starts)', 'a').write('x')\nimport absent\n")
        defer { pool.close() }
        let begin = ContinuousClock.now
        var problems: Set<String> = []
        for _ in 0..<1_000 {
            if case .notStarted(let problem) = await call(pool) { problems.insert(problem.reason) }
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(problems.count == 1)
        #expect(problems.first?.contains("No module named 'absent'") == true)
        let most = 1 + Int(begin.duration(to: .now) / StartGate.patience)
        #expect(try String(contentsOfFile: starts, encoding: .utf8).count <= most)
        // As soon as it starts again, it is called again.
        try fixture.folder.write("handler.py", "def handler(event, context):\n    return 1\n")
        try await Task.sleep(for: StartGate.patience)
        #expect(try await response(call(pool)) == "1")
    }

    @Test("a process that exits before it answers fails that invocation, and the next has a new one")
    func exits() async throws {
        let pool = try pool(
            "import os, sys\ndef handler(event, context):\n    if event.get('die'):\n        sys.stderr.write('about to die\\n')\n        sys.stderr.flush()\n        os._exit(3)\n    return 1\n"
        )
        defer { pool.close() }
        guard case .answer(.exited(let end), let line) = await call(pool, #"{"die": true}"#) else {
            Issue.record("it did not exit")
            return
        }
        #expect(end.description == "exit status 3")
        #expect(line == "about to die" || line == nil)
        #expect(try await response(call(pool)) == "1")
    }

    @Test("a function that takes too long is killed with all it has started")
    func tooLong() async throws {
        let mark = fixture.folder.path + "/child"
        let pool = try pool(
            "import subprocess, time\ndef handler(event, context):\n    child = subprocess.Popen(['sleep', '1000'])\n    open('\(mark)', 'w').write(str(child.pid))\n    while True: pass\n"
        )
        defer { pool.close() }
        guard case .answer(.timeUp, _) = await call(pool, timeout: .seconds(1)) else {
            Issue.record("it answered")
            return
        }
        let child = try #require(Int32(String(contentsOfFile: mark, encoding: .utf8)))
        try await eventually { !isRunning(child) }
    }

    @Test("an answer larger than 6 MB is refused, and the environment is not used again")
    func tooLarge() async throws {
        let pool = try pool("def handler(event, context):\n    return 'x' * (event['mb'] << 20)\n")
        defer { pool.close() }
        guard case .answer(.tooLarge(let bytes), _) = await call(pool, #"{"mb": 7}"#) else {
            Issue.record("it was taken")
            return
        }
        #expect(bytes == 7 << 20 + 2 || bytes > 7 << 20)
        #expect(try await response(call(pool, #"{"mb": 0}"#)) == "\"\"")
    }

    @Test("a gigabyte of output does not hold up the function")
    func flood() async throws {
        let pool = try pool(
            "import os\ndef handler(event, context):\n    for _ in range(256): os.write(1, b'x' * (1 << 20))\n    return 1\n"
        )
        defer { pool.close() }
        #expect(try await response(call(pool, timeout: .seconds(60))) == "1")
    }

    @Test("closing ends all processes")
    func closes() async throws {
        let pool = try pool("import os\ndef handler(event, context):\n    return os.getpid()\n")
        let process = try #require(Int32(try await response(call(pool))))
        #expect(isRunning(process))
        pool.close()
        try await eventually { !isRunning(process) }
    }
}
