import Foundation
import Logging
import NIOCore
import NIOPosix
import Sluice
import SluiceTesting
import Testing

@testable import SluiceApp

@Suite("The control socket")
struct ControlSocketTests {
    @Test("nobody listens in a folder without a socket")
    func nobody() async throws {
        let folder = try ScratchFolder()
        #expect(try await RemoteControl.connect(folder: folder.path) == nil)
    }

    @Test("a socket that a dead process left is nobody, and is replaced")
    func stale() async throws {
        let folder = try ScratchFolder()
        try leaveSocket(at: folder.path + "/control.sock")
        #expect(FileManager.default.fileExists(atPath: folder.path + "/control.sock"))
        #expect(try await RemoteControl.connect(folder: folder.path) == nil)
        let hello = try await withRemote(ScriptedControl(), in: folder) { try await $0.hello() }
        #expect(hello.processID == 4_711)
    }

    /// Binds and closes, as a kill does: the name stays.
    private func leaveSocket(at path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
    }

    @Test("a folder whose path is longer than a socket address works")
    func longPath() async throws {
        let folder = try ScratchFolder(nested: "/" + String(repeating: "long/", count: 40))
        #expect(folder.path.utf8.count > 200)
        let hello = try await withRemote(ScriptedControl(), in: folder) { try await $0.hello() }
        #expect(hello.version == "test")
    }

    @Test("a server that ends before it serves a connection lets its client go")
    func unserved() async throws {
        let folder = try ScratchFolder()
        let server = try await ControlServer.bind(
            folder: folder.path, control: ScriptedControl(), logger: Logger(label: "test"))
        async let remote = RemoteControl.connect(folder: folder.path, answerWithin: .seconds(30))
        try await Task.sleep(for: .milliseconds(100))
        let run = Task { try await server.run() }
        run.cancel()
        try await run.value
        #expect(try await remote == nil)
    }

    @Test("a connection numbers its calls from its greeting on: no number is used twice")
    func numbers() async throws {
        let numbers = try await withRemote(ScriptedControl()) { remote in
            let greeting = remote.latestCall
            _ = try await remote.hello()
            return [greeting, remote.latestCall]
        }
        #expect(numbers == [1, 2])
    }

    @Test("only the owner of the folder may use the socket, and it goes with the server")
    func mode() async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/control.sock"
        let mode = try await withRemote(ScriptedControl(), in: folder) { _ in
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(mode == 0o600)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("a process that speaks another version is refused, and named")
    func version() async throws {
        let control = ScriptedControl()
        await control.setGreeting(
            ControlHello(protocolVersion: 7, version: "9.0", processID: 12, folder: "/x", pipelines: []))
        await #expect {
            try await withRemote(control) { _ in }
        } throws: { error in
            guard case .refused(let text) = error as? ControlError else { return false }
            return text.contains("process 12 (version 9.0) speaks version 7")
        }
    }

    @Test("an error of the engine reaches the client as it is")
    func errors() async throws {
        let control = ScriptedControl()
        await control.setSendError(QueueError.diskFull(path: "/data"))
        await #expect(throws: ControlError.failed(QueueError.diskFull(path: "/data").description)) {
            try await withRemote(control) { remote in
                _ = try await remote.send([NewMessage(body: [1])], to: "orders-in")
            }
        }
    }

    @Test("ordered sends are stored in the order in which they were begun, several at once")
    func ordered() async throws {
        let control = ScriptedControl()
        let bodies = (0..<500).map { Bytes("\($0)") }
        try await withRemote(control) { remote in
            let pending = try bodies.map { try remote.begin([NewMessage(body: $0)], to: "orders-in", at: nil) }
            for pending in pending { #expect(try await pending.results().count == 1) }
        }
        #expect(await control.stored == bodies)
    }

    @Test("nothing overtakes an ordered send that failed")
    func broken() async throws {
        let control = ScriptedControl()
        try await withRemote(control) { remote in
            _ = try await remote.begin([NewMessage(body: [1])], to: "orders-in", at: nil).results()
            await control.setSendError(QueueError.diskFull(path: "/data"))
            await #expect(throws: ControlError.self) {
                _ = try await remote.begin([NewMessage(body: [2])], to: "orders-in", at: nil).results()
            }
            await control.setSendError(nil)
            await #expect(throws: ControlError.self) {
                _ = try await remote.begin([NewMessage(body: [3])], to: "orders-in", at: nil).results()
            }
        }
        #expect(await control.stored == [[1]])
    }

    @Test("a send larger than a frame goes in parts")
    func large() async throws {
        let control = ScriptedControl()
        let body = [UInt8](repeating: 7, count: 1 << 20)
        let results = try await withRemote(control) { remote in
            try await remote.send((0..<12).map { _ in NewMessage(body: body[...]) }, to: "orders-in")
        }
        #expect(results.count == 12)
        #expect(await control.sends.count > 1)
    }

    @Test("when the process goes away, calls under way end with an error")
    func goesAway() async throws {
        let folder = try ScratchFolder()
        let control = ScriptedControl()
        _ = try await control.send([NewMessage(body: [1])], to: "orders-in")
        let server = try await ControlServer.bind(
            folder: folder.path, control: control, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await #expect(throws: ControlError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                let remote = try #require(
                    try await RemoteControl.connect(folder: folder.path, answerWithin: .minutes(1)))
                try await withThrowingTaskGroup(of: Void.self) { calls in
                    calls.addTask { try await remote.wait(pipeline: nil, until: .idle) }
                    // Answered only after the wait was taken in: requests of one connection begin in order.
                    _ = try await remote.hello()
                    group.cancelAll()
                    try await calls.waitForAll()
                }
            }
        }
    }

    @Test("garbage ends its own connection, and nobody else's", arguments: 0..<40)
    func garbage(seed: Int) async throws {
        let folder = try ScratchFolder()
        try await withRemote(ScriptedControl(), in: folder) { remote in
            var generator = Seeded(state: UInt64(seed) + 1)
            var buffer = ByteBuffer()
            if seed % 2 == 0 {
                // A plausible header, so that the payload is looked at.
                let payload = (0..<Int.random(in: 0..<200, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                buffer.writeInteger(UInt32(payload.count + 5))
                buffer.writeInteger(UInt8.random(in: 0...7, using: &generator))
                buffer.writeInteger(UInt32(1))
                buffer.writeBytes(payload)
            } else {
                buffer.writeBytes((0..<300).map { _ in UInt8.random(in: 0...255, using: &generator) })
            }
            let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: folder.path + "/control.sock").get()
            try await client.writeAndFlush(buffer)
            // Who is sent garbage may be quicker to close.
            client.close(promise: nil)
            try await client.closeFuture.get()
            #expect(try await remote.hello().version == "test")
        }
    }
}

/// The same numbers every time (xorshift64*).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 2_685_821_657_736_338_717
    }
}
