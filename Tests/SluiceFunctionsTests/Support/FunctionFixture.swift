import Foundation
import Logging
import NIOCore
import Sluice
import Testing

@testable import SluiceFunctions

/// Python handlers in processes of their own, in a folder that goes with the test.
struct FunctionFixture {
    let folder: CodeFolder
    /// Names the control group: other tests of this process have theirs.
    let owner = "test\(UInt32.random(in: 0 ... .max))"
    var limits = FunctionLimits.detect()
    var memory = ByteCount.megabytes(256)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws { folder = try CodeFolder() }

    /// Where the sandboxes have their temporary folders.
    var temporary: String { folder.path + "/tmp" }

    func sandboxes() -> Sandboxes {
        Sandboxes(folder: temporary, owner: owner, limits: limits, logger: logger)
    }

    /// A pool of `source`, a module with a function `handler`.
    func pool(_ source: String, log: StepLog = .none) throws -> FunctionPool {
        try folder.write("handler.py", source)
        return try pool(handler: "handler.handler", log: log)
    }

    func pool(handler: String, log: StepLog = .none) throws -> FunctionPool {
        let transform = Transform(
            handler: handler, runtime: "python3", environment: ["GREETING": "hello"], memory: memory)
        let runtime = try FunctionRuntime(
            transform, of: "orders", code: folder.path, version: "1", scratch: folder.path + "/scratch")
        return try FunctionPool(runtime, in: sandboxes(), logger: logger, log: log)
    }

    func call(
        _ pool: FunctionPool, _ event: String = "{}", timeout: Duration = .seconds(20)
    ) async -> FunctionPool.Invocation {
        await pool.invoke(RequestID.random(), ByteBuffer(string: event), timeout: timeout)
    }

    static func response(_ invocation: FunctionPool.Invocation) throws -> String {
        guard case .answer(.response(let bytes), _) = invocation else { throw NoResponse(got: "\(invocation)") }
        return String(decoding: bytes, as: UTF8.self)
    }

    private struct NoResponse: Error { let got: String }
}

/// Whether a process is there and not a zombie.
func isRunning(_ process: Int32) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
    return status.split(separator: ")").last?.split(separator: " ").first != "Z"
}

/// Waits until something is so that a kill brings about in its own time.
func eventually(_ condition: () -> Bool) async throws {
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
        let file = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
