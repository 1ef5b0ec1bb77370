import Sluice
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The control group of this host: each execution environment has one in it.
///
/// Its folder is locked for as long as the host lives; one that nobody has locked was left by a host that was killed.
final class HostGroup: Sendable {
    private let groups: ControlGroups
    private let name: String
    private let lock: SystemPackage.FileDescriptor

    /// Makes it, and proves that limits can be set in it.
    /// - Throws: `ControlError.failed`.
    init(_ groups: ControlGroups, owner: String) throws {
        self.groups = groups
        name = "\(ControlGroups.prefix)\(owner)-\(getpid())"
        if groups.version == .two { try Self.prepare(groups) }
        let folders = groups.folders.map { [name] in "\($0)/\(name)" }
        lock = try Self.makeLocked(folders)
        do {
            if groups.version == .two { try Self.enable(groups, in: folders[0]) }
            let proof = group(named: "proof")
            try proof.make(memoryLimit: .megabytes(128))
            _ = proof.remove()
        } catch {
            for folder in folders.reversed() { rmdir(folder) }
            try lock.close()
            throw error
        }
    }

    deinit {
        // Gone only when nothing is left in it; else the watchdog removes it.
        for folder in folders.reversed() { rmdir(folder) }
        do { try lock.close() } catch { return }
    }

    /// The folders of this host's group, in each hierarchy.
    var folders: [String] { groups.folders.map { "\($0)/\(name)" } }

    /// The group that an environment of that name has.
    func group(named name: String) -> ControlGroup { Self.group(groups, "\(self.name)/\(name)") }

    private static func group(_ groups: ControlGroups, _ path: String) -> ControlGroup {
        ControlGroup(
            version: groups.version, memory: "\(groups.memory)/\(path)",
            processes: groups.processes.map { "\($0)/\(path)" })
    }

    /// What killed hosts have left here, with all that still runs in it.
    func left() -> [ControlGroup] {
        KernelFile.folders(in: groups.memory).filter {
            $0.hasPrefix(ControlGroups.prefix) && $0 != ControlGroups.hostName && $0 != name
        }.filter { isUnlocked("\(groups.memory)/\($0)") }.map { Self.group(groups, $0) }
    }

    private func isUnlocked(_ folder: String) -> Bool {
        do {
            let descriptor = try SystemPackage.FileDescriptor.open(
                folder, .readOnly, options: [.directory, .closeOnExec])
            return try descriptor.closeAfter { flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 }
        } catch {
            return false  // Gone, or another user's.
        }
    }

    private static func makeLocked(_ folders: [String]) throws -> SystemPackage.FileDescriptor {
        // Another host that starts now may take it for one that was left, until it is locked.
        for _ in 0..<10 {
            for folder in folders { try KernelFile.makeFolder(folder) }
            let descriptor: SystemPackage.FileDescriptor
            do {
                descriptor = try .open(folders[0], .readOnly, options: [.directory, .closeOnExec])
            } catch Errno.noSuchFileOrDirectory {
                continue
            }
            if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0, folders.allSatisfy(KernelFile.exists) {
                return descriptor
            }
            try descriptor.close()
        }
        throw ControlError.failed("'\(folders[0])' is locked by another process")
    }

    private static func prepare(_ groups: ControlGroups) throws {
        if groups.leaving != .nobody {
            let leaf = "\(groups.memory)/\(ControlGroups.hostName)"
            try KernelFile.makeFolder(leaf)
            let leaving =
                groups.leaving == .host
                ? ["\(getpid())"]
                : try KernelFile.read("\(groups.memory)/cgroup.procs").split(separator: "\n").map(String.init)
            for processID in leaving {
                do {
                    try KernelFile.write(processID, to: "\(leaf)/cgroup.procs")
                } catch  where !KernelFile.exists("/proc/\(processID)") {
                    continue  // It has ended meanwhile.
                }
            }
        }
        try enable(groups, in: groups.memory)
    }

    private static func enable(_ groups: ControlGroups, in folder: String) throws {
        let controllers = groups.processes == nil ? "+memory" : "+memory +pids"
        try KernelFile.write(controllers, to: "\(folder)/cgroup.subtree_control")
    }
}
