import Dispatch
import Foundation
import Logging
import Sluice
import Synchronization
import Testing

@testable import SluiceFunctions

#if canImport(Glibc)
    import Glibc
#endif

private var present: ControlGroups? {
    if case .controlGroups(let groups) = FunctionLimits.detect() { groups } else { nil }
}

@Suite("The control group of a host", .enabled(if: present != nil, "no control groups here"), .serialized)
struct HostGroupTests {
    private let owner = "test-\(UUID().uuidString)"

    @Test("hosts that start at one moment, and remove what killed ones have left, leave each other alone")
    func together() throws {
        let groups = try #require(present)
        for round in 0..<20 {
            let hosts = Mutex<[HostGroup]>([])
            let errors = Mutex<[any Error]>([])
            let owner = owner
            DispatchQueue.concurrentPerform(iterations: 8) { number in
                do {
                    let host = try HostGroup(groups, owner: "\(owner)-\(round)-\(number)")
                    hosts.withLock { $0.append(host) }
                    for left in host.left() where left.name.contains(owner) { _ = left.remove() }
                } catch {
                    errors.withLock { $0.append(error) }
                }
            }
            #expect(errors.withLock { $0.map { "\($0)" } } == [])
            #expect(hosts.withLock { $0.count(where: \.isThere) } == 8)
        }
    }

    @Test("one that was just made, and is not locked yet, is made again when another host has taken it for a left one")
    func justMade() async throws {
        let groups = try #require(present)
        let other = try HostGroup(groups, owner: owner + "-a")
        let name = "\(ControlGroups.prefix)\(owner)-b-\(getpid())"
        for folder in groups.folders { try KernelFile.makeFolder("\(folder)/\(name)") }
        var left = other.left().filter { $0.name.contains(owner) }
        // Another test that starts a host may have been quicker; then there is nothing to remove for us.
        let second = owner + "-b"
        let starting = Task.detached { try HostGroup(groups, owner: second) }
        // Long enough for it to lock what it has found, were that possible.
        try await Task.sleep(for: .milliseconds(50))
        left.removeAll { $0.remove() }
        #expect(try await starting.value.isThere)
    }

    @Test("one that somebody has removed is made again with the next environment")
    func removed() throws {
        let groups = try #require(present)
        let folder = NSTemporaryDirectory() + owner
        defer { rmdir(folder) }
        let sandboxes = Sandboxes(
            folder: folder, owner: owner, limits: .controlGroups(groups),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try sandboxes.open()
        for hierarchy in groups.folders { rmdir("\(hierarchy)/\(ControlGroups.prefix)\(owner)-\(getpid())") }
        let sandbox = try sandboxes.make(memory: .megabytes(128))
        #expect(sandbox.group?.folders.allSatisfy(KernelFile.exists) == true)
        sandbox.remove()
    }
}
