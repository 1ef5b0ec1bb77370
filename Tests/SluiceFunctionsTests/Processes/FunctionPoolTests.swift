import Foundation
import Logging
import NIOCore
import Sluice
import Testing

@testable import SluiceFunctions

@Suite("Functions as processes")
struct FunctionPoolTests {
    private let folder: CodeFolder
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws { folder = try CodeFolder() }

    private func pool(_ source: String, memory: ByteCount = .megabytes(256)) throws -> FunctionPool {
        try folder.write("handler.py", source)
        return try FunctionPool(runtime("handler.handler", memory: memory), logger: logger)
    }

    private func runtime(_ handler: String, memory: ByteCount = .megabytes(256)) throws -> FunctionRuntime {
        let transform = Transform(
            handler: handler, runtime: "python3", environment: ["GREETING": "hello"], memory: memory)
        return try FunctionRuntime(
            transform, of: "orders", code: folder.path, version: "1", scratch: folder.path + "/scratch")
    }

    private func call(
        _ pool: FunctionPool, _ event: String = "{}", timeout: Duration = .seconds(20)
    ) async -> FunctionPool.Invocation {
        await pool.invoke(RequestID.random(), ByteBuffer(string: event), timeout: timeout)
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
        let pool = try FunctionPool(runtime("absent.handler"), logger: logger)
        defer { pool.close() }
        guard case .notStarted(let problem) = await call(pool) else {
            Issue.record("it started")
            return
        }
        #expect(problem.type == "Runtime.ImportModuleError")
        #expect(problem.reason.contains("Unable to import module 'absent'"))
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
        let mark = folder.path + "/child"
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

    private func response(_ invocation: FunctionPool.Invocation) throws -> String {
        guard case .answer(.response(let bytes), _) = invocation else { throw NoResponse(got: "\(invocation)") }
        return String(decoding: bytes, as: UTF8.self)
    }
}

private struct NoResponse: Error { let got: String }

/// Whether a process is there and not a zombie.
private func isRunning(_ process: Int32) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
    return status.split(separator: ")").last?.split(separator: " ").first != "Z"
}

/// Waits until something is so that a kill brings about in its own time.
private func eventually(_ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while !condition() {
        try #require(ContinuousClock.now < deadline, "it never came about")
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// A folder of code that goes with the test.
final class CodeFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "sluice-code-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
