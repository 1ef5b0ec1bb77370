import Foundation
import Testing

@testable import SluiceConnectors

/// A PostgreSQL server of a test's own, in a temporary folder, on a socket there: no port that another may have.
struct PostgreSQLServer {
    struct Failure: Error { let message: String }

    let folder: String
    private let process: Process

    /// Where Debian keeps the programs of a server; `nil` = there is none on this machine.
    static let programs: String? = {
        let root = "/usr/lib/postgresql"
        guard FileManager.default.fileExists(atPath: root) else { return nil }
        let versions = FileManager.default.subpaths(atPath: root)?.filter { $0.hasSuffix("bin/postgres") } ?? []
        return versions.sorted().last.map { "\(root)/\($0.dropLast("/postgres".count))" }
    }()

    var url: String { "postgres://postgres@/postgres?host=\(folder)" }

    /// Starts one, and stops it behind `body`.
    static func with(_ body: (PostgreSQLServer) async throws -> Void) async throws {
        let folder = "/tmp/sluice-pg-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
        if geteuid() == 0 { try run("/usr/bin/chown", ["postgres", folder]).finish() }
        let programs = try #require(programs)
        try asUser("\(programs)/initdb", ["-D", "\(folder)/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"])
            .finish()
        let process = try asUser(
            "\(programs)/postgres",
            ["-D", "\(folder)/data", "-c", "listen_addresses=", "-c", "unix_socket_directories=\(folder)"])
        let server = PostgreSQLServer(folder: folder, process: process)
        defer {
            process.interrupt()
            process.waitUntilExit()
        }
        try await server.waitUntilReady()
        try await body(server)
    }

    private func waitUntilReady() async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                _ = try await PostgreSQLConnection(url: url).execute("SELECT 1")
                return
            } catch {
                guard process.isRunning, ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// A server refuses to run as root.
    private static func asUser(_ program: String, _ arguments: [String]) throws -> Process {
        guard geteuid() == 0 else { return try run(program, arguments) }
        let change = ["--reuid=postgres", "--regid=postgres", "--clear-groups", program]
        return try run("/usr/bin/setpriv", change + arguments)
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: "/tmp")
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }
}

extension Process {
    fileprivate func finish() throws {
        waitUntilExit()
        guard terminationStatus == 0 else {
            throw PostgreSQLServer.Failure(message: "\(executableURL?.path ?? ""): exit \(terminationStatus)")
        }
    }
}
