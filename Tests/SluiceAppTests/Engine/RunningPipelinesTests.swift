import Foundation
import Logging
import ServiceLifecycle
import Sluice
import SluiceFunctions
import Testing

@testable import SluiceApp

@Suite("The pipelines that run")
struct RunningPipelinesTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func yaml(_ name: String, _ timeout: String = "30s") -> String {
        "pipeline: \(name)\nsource: {queue: \(name)-in}\ndeliver: {to: 'sqlite:x.db', table: t, timeout: \(timeout)}\n"
    }

    /// Runs what `source` has, over an engine of its own, while `body` runs.
    private func running(
        files: [String] = [], own: [Pipeline] = [], _ body: @escaping @Sendable (any Control) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder()
        let engine = try await EmbeddedAssembly().open(
            folder: folder.path + "/data", create: true, clockRate: 1, logger: Self.quiet)
        let source = DefinitionSource(files: files, own: own, reader: DefinitionReader(environment: [:]))
        let result = await source.read()
        #expect(result.mistakes == [])
        let running = try await engine.start(
            source, result.definitions, secrets: KnownSecrets(result.masker),
            functions: [Function("row") { (record: [String: Int], _) -> Outcome<[String: Int]> in [record] }],
            services: .none, logger: Self.quiet)
        let group = ServiceGroup(services: [running.keeper, running], logger: Self.quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body(running.control)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        await #expect(throws: ControlError.self, "nobody carries it out any more") {
            _ = try await running.control.planReload(of: nil)
        }
        await engine.close()
    }

    @Test("pipelines in Swift are part of the program: a new binary needs a restart, and a reload says so")
    func swift() async throws {
        let pipeline = Pipeline(
            name: "orders", source: .queue("in"), transform: Transform(function: "row"),
            deliver: Deliver(to: .sqlite("/nowhere/x.db"), table: "t"), root: "/")
        try await running(own: [pipeline]) { control in
            let error = await #expect(throws: ControlError.self) { _ = try await control.planReload(of: nil) }
            #expect(error?.description.contains("restart") == true)
        }
    }

    @Test("where nothing was defined there is nothing to read again, but files can be named")
    func nothing() async throws {
        let folder = try ScratchFolder()
        let file = folder.path + "/a.yaml"
        try Data(Self.yaml("a").utf8).write(to: URL(filePath: file))
        try await running { control in
            await #expect(throws: ControlError.self) { _ = try await control.planReload(of: nil) }
            let done = try await control.reload([file], as: nil)
            #expect(done.pipelines.map(\.kind) == [.added])
            #expect(try await control.hello().pipelines == ["a"])
            #expect(try await control.planReload(of: nil).changesAnything == false)
        }
    }

    @Test("what has changed since it was shown is not done")
    func shown() async throws {
        let folder = try ScratchFolder()
        let file = folder.path + "/a.yaml"
        try Data(Self.yaml("a").utf8).write(to: URL(filePath: file))
        try await running(files: [file]) { control in
            try Data(Self.yaml("a", "40s").utf8).write(to: URL(filePath: file))
            let shown = try await control.planReload(of: nil)
            try Data(Self.yaml("a", "50s").utf8).write(to: URL(filePath: file))
            await #expect(throws: ControlError.self) { _ = try await control.reload(nil, as: shown) }
            let again = try await control.planReload(of: nil)
            #expect(again.pipelines.first?.settings.map(\.new) == ["50s"])
            let done = try await control.reload(nil, as: again)
            #expect(done == again)
            #expect(try await control.planReload(of: nil).changesAnything == false)
        }
    }

    @Test("what another reload has done meanwhile is done: there is nothing to change any more")
    func faster() async throws {
        let folder = try ScratchFolder()
        let file = folder.path + "/a.yaml"
        try Data(Self.yaml("a").utf8).write(to: URL(filePath: file))
        try await running(files: [file]) { control in
            try Data(Self.yaml("a", "40s").utf8).write(to: URL(filePath: file))
            let shown = try await control.planReload(of: nil)
            #expect(try await control.reload(nil, as: shown).changesAnything)
            #expect(try await control.reload(nil, as: shown).changesAnything == false)
        }
    }
}
