import Foundation
import Sluice

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension ControlGroups {
    /// Why there are none for us.
    struct Obstacle: Error, Hashable { let reason: String }

    /// Looks where this process may make groups, and changes nothing.
    /// - Parameter root: a folder that stands for the machine's `/`, for tests.
    static func detect(root: String, processID: pid_t = getpid()) throws(Obstacle) -> ControlGroups {
        let mounted = try MountedGroups(root: root)
        if let memory = mounted.first["memory"] { return try first(memory: memory, pids: mounted.first["pids"]) }
        guard let own = mounted.second else { throw Obstacle(reason: "no hierarchy of them is mounted") }
        return try second(own, mountPoint: mounted.secondMountPoint, root: root, processID: processID)
    }

    private static func first(memory: String, pids: String?) throws(Obstacle) -> ControlGroups {
        try demandWritable(memory)
        let processes = pids.flatMap { KernelFile.writeObstacle($0) == nil ? $0 : nil }
        return ControlGroups(version: .one, memory: memory, processes: processes, leaving: .nobody)
    }

    private static func second(
        _ own: String, mountPoint: String, root: String, processID: pid_t
    ) throws(Obstacle) -> ControlGroups {
        let base = leafOf(own, mountPoint) ?? own
        let controllers = try words(in: "\(base)/cgroup.controllers")
        guard controllers.contains("memory") else {
            throw Obstacle(reason: "'\(base)' has no controller `memory`; \(remedy)")
        }
        for path in [base, "\(base)/cgroup.procs", "\(base)/cgroup.subtree_control"] { try demandWritable(path) }
        let isContainer = base == mountPoint
        guard isContainer || isDelegated(base) || !KernelFile.exists("\(root)/run/systemd/system") else {
            throw Obstacle(reason: "'\(base)' is systemd's own; \(remedy)")
        }
        return ControlGroups(
            version: .two, memory: base, processes: controllers.contains("pids") ? base : nil,
            leaving: try leaving(base, isContainer: isContainer, processID: processID))
    }

    private static let remedy =
        "run in a group that is ours: `Delegate=memory pids` in the unit, or `systemd-run --scope -p Delegate=yes …`"

    private static func demandWritable(_ path: String) throws(Obstacle) {
        if let obstacle = KernelFile.writeObstacle(path) {
            throw Obstacle(reason: "'\(path)' cannot be written (\(obstacle)); \(remedy)")
        }
    }

    /// The group above, where ours is only where the host lives: we have moved there, or systemd has put us there
    /// (`DelegateSubgroup=`).
    private static func leafOf(_ own: String, _ mountPoint: String) -> String? {
        guard own != mountPoint, let slash = own.lastIndex(of: "/") else { return nil }
        let above = String(own[..<slash])
        return own.hasSuffix("/" + hostName) || isDelegated(above) ? above : nil
    }

    /// systemd marks what it leaves to others. A group that belongs to an ordinary user was given to that user.
    private static func isDelegated(_ group: String) -> Bool {
        let attributes: [FileAttributeKey: Any]
        do { attributes = try FileManager.default.attributesOfItem(atPath: group) } catch { return false }
        if let owner = attributes[.ownerAccountID] as? NSNumber, owner.uint32Value != 0, owner.uint32Value == getuid() {
            return true
        }
        let extended = attributes[FileAttributeKey(rawValue: "NSFileExtendedAttributes")] as? [String: Data]
        return ["user.delegate", "trusted.delegate"].contains { extended?[$0] == Data("1".utf8) }
    }

    private static func leaving(
        _ base: String, isContainer: Bool, processID: pid_t
    ) throws(Obstacle) -> Leaving {
        // Only the root of the whole machine has no type, and may have both.
        guard KernelFile.exists("\(base)/cgroup.type") else { return .nobody }
        let inside = try words(in: "\(base)/cgroup.procs")
        if inside.isEmpty { return .nobody }
        if inside == ["\(processID)"] { return .host }
        if isContainer { return .everybody }
        throw Obstacle(reason: "other processes are in '\(base)' too; \(remedy)")
    }

    private static func words(in path: String) throws(Obstacle) -> [String] {
        do {
            return try KernelFile.read(path).split(whereSeparator: \.isWhitespace).map(String.init)
        } catch {
            throw Obstacle(reason: "\(error)")
        }
    }
}

/// The folders of the groups that this process is in.
private struct MountedGroups {
    /// By controller, with version 1.
    private(set) var first: [String: String] = [:]
    private(set) var second: String?
    private(set) var secondMountPoint = ""

    init(root: String) throws(ControlGroups.Obstacle) {
        let groups: String
        let mounts: String
        do {
            groups = try KernelFile.read("\(root)/proc/self/cgroup")
            mounts = try KernelFile.read("\(root)/proc/self/mountinfo")
        } catch {
            throw ControlGroups.Obstacle(reason: "\(error)")
        }
        // `4:memory:/group`, `0::/group`.
        var paths: [String: String] = [:]
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            for controller in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
                paths[String(controller)] = String(parts[2])
            }
        }
        for line in mounts.split(separator: "\n") { add(Mount(line), paths, root) }
    }

    private mutating func add(_ mount: Mount?, _ paths: [String: String], _ root: String) {
        guard let mount else { return }
        if mount.kind == "cgroup2", let path = paths[""], let own = mount.folder(of: path, root) {
            second = own
            secondMountPoint = root + mount.point
        } else if mount.kind == "cgroup" {
            for controller in mount.options {
                if let path = paths[controller], let own = mount.folder(of: path, root) { first[controller] = own }
            }
        }
    }
}

/// A line of `mountinfo`: `35 31 0:32 /root /point options - kind source options`.
private struct Mount {
    let top: String
    let point: String
    let kind: String
    let options: [String]

    init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count > 5, let dash = words.firstIndex(of: "-"), dash + 3 < words.count else { return nil }
        top = String(words[3])
        point = String(words[4])
        kind = String(words[dash + 1])
        options = words[dash + 3].split(separator: ",").map(String.init)
    }

    /// Where a group is seen; `nil` = outside of what is mounted here.
    func folder(of path: String, _ root: String) -> String? {
        if path == top || path == "/" && top == "/" { return root + point }
        if top == "/" { return root + point + path }
        return path.hasPrefix(top + "/") ? root + point + path.dropFirst(top.count) : nil
    }
}
