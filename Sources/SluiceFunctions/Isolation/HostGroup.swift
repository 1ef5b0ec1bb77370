import Sluice
import Synchronization
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
    private let lock: Mutex<SystemPackage.FileDescriptor>

    /// Makes it, and proves that limits can be set in it.
    /// - Throws: `ControlError.failed`.
    init(_ groups: ControlGroups, owner: String) throws {
        self.groups = groups
        name = "\(ControlGroups.prefix)\(owner)-\(getpid())"
        if groups.version == .two { try Self.prepare(groups) }
        let folders = groups.folders.map { [name] in "\($0)/\(name)" }
        let descriptor = try Self.makeLocked(folders)
        lock = Mutex(descriptor)
        do {
            if groups.version == .two { try Self.enable(groups, in: folders[0]) }
            let proof = group(named: "proof")
            try proof.make(memoryLimit: .megabytes(128))
            _ = proof.remove()
        } catch {
            for folder in folders.reversed() { rmdir(folder) }
            try descriptor.close()
            throw error
        }
    }

    deinit {
        // Gone only when nothing is left in it; else the watchdog removes it.
        for folder in folders.reversed() { rmdir(folder) }
        lock.withLock { lock in
            do { try lock.close() } catch { return }
        }
    }

    /// Whether nobody has removed it.
    var isThere: Bool { folders.allSatisfy(KernelFile.exists) }

    /// Makes it again, when somebody has removed it.
    /// - Throws: `ControlError.failed`.
    func restore() throws {
        let new = try Self.makeLocked(folders)
        do {
            if groups.version == .two { try Self.enable(groups, in: folders[0]) }
        } catch {
            // Not there: the next one tries again.
            for folder in folders.reversed() { rmdir(folder) }
            try new.close()
            throw error
        }
        let former = lock.withLock { exchange(&$0, with: new) }
        try former.close()
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

    /// What killed hosts have left here, with all that still runs in it. Each stays locked until it is removed: it may be
    /// that of a host which has just made it, and makes it again then.
    func left() -> [EndingGroup] {
        KernelFile.folders(in: groups.memory).filter {
            $0.hasPrefix(ControlGroups.prefix) && $0 != ControlGroups.hostName && $0 != name
        }.compactMap { name in
            Self.locked("\(groups.memory)/\(name)").map { EndingGroup(Self.group(groups, name), lock: $0) }
        }
    }

    /// `nil` = somebody has locked it, or it is gone, or another user's.
    private static func locked(_ folder: String) -> SystemPackage.FileDescriptor? {
        do {
            let descriptor = try SystemPackage.FileDescriptor.open(
                folder, .readOnly, options: [.directory, .closeOnExec])
            if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 { return descriptor }
            try descriptor.close()
            return nil
        } catch {
            return nil
        }
    }

    private static func makeLocked(_ folders: [String]) throws -> SystemPackage.FileDescriptor {
        // Another host that starts now may take it for one that was left, until it is locked: that one removes it first.
        for _ in 0..<1_000 {
            for folder in folders { try KernelFile.makeFolder(folder) }
            let descriptor: SystemPackage.FileDescriptor
            do {
                descriptor = try .open(folders[0], .readOnly, options: [.directory, .closeOnExec])
            } catch Errno.noSuchFileOrDirectory {
                continue
            }
            // Locked and still there, it is ours: whoever removes one has it locked.
            if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0, folders.allSatisfy(KernelFile.exists) {
                return descriptor
            }
            try descriptor.close()
            usleep(5_000)
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
