import Foundation
import Logging
import Sluice
import SluiceTesting

@testable import SluiceApp

/// A folder that goes with the test.
final class ScratchFolder: Sendable {
    let path: String

    init(nested: String = "") throws {
        path = NSTemporaryDirectory() + "sluice-test-\(UUID().uuidString)" + nested
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        let root = URL(fileURLWithPath: path).path
        do {
            try FileManager.default.removeItem(atPath: root)
        } catch {
            preconditionFailure("\(root): \(error)")
        }
    }
}

/// Runs `body` with a client of a server over `control`, both on a real socket.
func withRemote<Value: Sendable>(
    _ control: any Control, in folder: ScratchFolder? = nil,
    _ body: @escaping @Sendable (RemoteControl) async throws -> Value
) async throws -> Value {
    let folder = try folder ?? ScratchFolder()
    let server = try await ControlServer.bind(
        folder: folder.path, control: control, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        defer { group.cancelAll() }
        // Many tests run at once: a greeting may take long, and here that is no failure.
        guard let remote = try await RemoteControl.connect(folder: folder.path, answerWithin: .minutes(1)) else {
            throw ControlError.failed("nobody listens")
        }
        let value = try await body(remote)
        try await remote.close()
        return value
    }
}

struct ScriptedFixture: ControlFixture {
    let scripted: ScriptedControl
    let control: any Control

    func bury(_ count: Int, reason: String) async throws { await scripted.bury(count, reason: reason) }
    func drain() async throws { await scripted.drain() }
}
