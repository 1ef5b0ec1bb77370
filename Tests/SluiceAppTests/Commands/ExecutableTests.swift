import Foundation
import Testing

@testable import SluiceApp

/// The built `sluice`, run as a process of its own.
struct Executable: Sendable {
    struct Result: Sendable {
        var status: Int32
        var out: String
        var err: String
    }

    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// Beside the test runner, where the same build has put it.
    private static let path: String = {
        let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return runner.deletingLastPathComponent().appendingPathComponent("sluice").path
    }()

    func run(_ arguments: String..., input: String = "") async throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ["PATH": "/usr/bin:/bin"]
        // Files, not pipes: a process that writes more than a pipe holds must not wait for us.
        let files = ["in", "out", "err"].map { URL(fileURLWithPath: folder.path + "/" + $0) }
        try Data(input.utf8).write(to: files[0])
        for file in files[1...] { try Data().write(to: file) }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        // Not `waitUntilExit`: it would hold a thread that the other tests need.
        try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in ended.resume() }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                ended.resume(throwing: error)
            }
        }
        return Result(
            status: process.terminationReason == .exit ? process.terminationStatus : -1,
            out: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
            err: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
    }
}

@Suite("The executable", .serialized)
struct ExecutableTests {
    private let sluice: Executable

    init() throws { sluice = try Executable() }

    @Test("alone it says that nothing is here, then the groups of commands, and exits 0")
    func alone() async throws {
        let result = try await sluice.run()
        #expect(result.status == 0)
        #expect(result.out.hasPrefix("sluice 0.1.0: nothing here yet"))
        #expect(result.out.contains("DEAD LETTERS"))
        #expect(result.err == "")
    }

    @Test("a wrong command line is 64, and says so on stderr")
    func usage() async throws {
        for arguments in [["nonsense"], ["send"], ["wait", "--ready", "--idle"], ["wait", "--timeout", "60"]] {
            let result = try await run(arguments)
            #expect(result.status == 64)
            #expect(result.out == "")
            #expect(result.err.hasPrefix("Error: "))
        }
    }

    @Test("check compiles jq programs: a mistake is where it is written, in the definition or in the program's file")
    func jqMistakes() async throws {
        let definition = { (name: String, jq: String) in
            "pipeline: \(name)\nsource: {queue: \(name)-in}\ntransform:\n  jq: \(jq)\n"
                + "deliver: {to: 'sqlite:x.db', table: t}\n"
        }
        let write = { (name: String, text: String) in
            try Data(text.utf8).write(to: URL(fileURLWithPath: sluice.folder.path + "/" + name))
        }
        try write("orders.jq", ".a |\n  error(nope)\n")
        try write("good.jq", "# all of it\n.\n")
        let programs = [
            ("a", "|\n    .a\n    | foo"), ("b", "'{b:'"), ("c", "./orders.jq"), ("d", "absent.jq"), ("e", "good.jq"),
            ("f", ".jq"), ("g", "\".a |\\n bar\""),
        ]
        try write(
            "all.yaml", programs.map { definition($0.0, $0.1) }.joined(separator: "---\n"))
        let result = try await sluice.run("check", "all.yaml")
        #expect(result.status == 78)
        // What exactly jq says differs by version.
        let places = result.err.split(separator: "\n").dropFirst().map { $0.prefix { $0 != " " } }
        #expect(
            places == [
                "\(sluice.folder.path)/orders.jq:2:9:", "all.yaml:6:7:", "all.yaml:12:10:", "all.yaml:24:7:",
                "all.yaml:42:7:",
            ], "\(result.err)")
    }

    private func run(_ arguments: [String]) async throws -> Executable.Result {
        switch arguments.count {
        case 1: try await sluice.run(arguments[0])
        case 3: try await sluice.run(arguments[0], arguments[1], arguments[2])
        default: try await sluice.run(arguments.first ?? "", arguments.last ?? "")
        }
    }

    @Test("without a data folder, a command that makes none is 64")
    func noFolder() async throws {
        let result = try await sluice.run("status")
        #expect(result.status == 64)
        #expect(result.err.contains("there is no data folder"))
    }

    @Test("a folder whose path is longer than a socket's address is made, and served")
    func longPath() async throws {
        let folder = String(repeating: "long", count: 40)
        #expect(try await sluice.run("send", "q", "--data", folder, input: "a\n").status == 0)
        #expect(try await sluice.run("queue", "show", "q", "--data", folder).out.contains("ready 1"))
    }

    @Test("a definition that is not there, or not YAML, is 78")
    func definition() async throws {
        #expect(try await sluice.run("run", "missing.yaml").status == 78)
        try Data("pipeline: [".utf8).write(to: URL(fileURLWithPath: sluice.folder.path + "/bad.yaml"))
        let result = try await sluice.run("check", "bad.yaml")
        #expect(result.status == 78)
        #expect(result.err.contains("bad.yaml:"))
    }

    @Test("what is sent waits, and a line that is too long is 3")
    func send() async throws {
        #expect(try await sluice.run("send", "q", input: "a\n\nb\r\n").status == 0)
        let long = String(repeating: "x", count: (1 << 20) + 1)
        let result = try await sluice.run("send", "q", "--json", input: "c\n\(long)\n")
        #expect(result.status == 3)
        #expect(result.err.contains("line 2 refused"))
        #expect(result.out.contains("\"stored\":1"))
        #expect(try await sluice.run("queue", "show", "q").out.contains("ready 3"))
        #expect(try await sluice.run("queue", "show", "nowhere").status == 64)
    }

    @Test("discarding without a terminal needs --yes")
    func discard() async throws {
        let definition = """
            pipeline: broken
            source: {queue: q}
            deliver: {to: "sqlite:out.db", table: t}
            """
        try Data(definition.utf8).write(to: URL(fileURLWithPath: sluice.folder.path + "/broken.yaml"))
        _ = try await sluice.run("send", "q", input: "not JSON\n")
        #expect(try await sluice.run("run", "broken.yaml", "--until-idle").status == 3)
        let result = try await sluice.run("dlq", "discard", "--all", "--reason", "a test")
        #expect(result.status == 64)
        #expect(result.err.contains("--yes"))
    }

    @Test("where nothing is dead, discarding asks nothing and discards nothing")
    func discardNothing() async throws {
        _ = try await sluice.run("send", "q", input: "a\n")
        let result = try await sluice.run("dlq", "discard", "--all", "--reason", "a test")
        #expect(result.status == 0)
        #expect(result.out.contains("discarded 0"))
    }

    @Test("a pipeline runs from send to its table, and the ledger adds up")
    func pipeline() async throws {
        let definition = """
            pipeline: orders
            source:
              queue: orders-in
            deliver:
              to: sqlite:shop.db
              table: orders
            """
        try Data(definition.utf8).write(to: URL(fileURLWithPath: sluice.folder.path + "/orders.yaml"))
        #expect(try await sluice.run("send", "orders-in", input: "{\"a\":1}\n{\"a\":2}\n").status == 0)
        let run = try await sluice.run("run", "orders.yaml", "--until-idle", "--timeout", "60s")
        #expect(run.status == 0, "\(run.err)")
        let status = try await sluice.run("status", "--check")
        #expect(status.status == 0)
        #expect(
            status.out.contains("received 2 = delivered 2 + filtered 0 + waiting 0 + in flight 0 + dead 0   ✓ adds up"))
    }
}
