import Foundation
import Sluice

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The control group of one execution environment: everything the function starts is in it and stays in it, also what
/// leaves its process group.
struct ControlGroup: Sendable, Hashable {
    let version: ControlGroups.Version
    let memory: String
    /// With version 2 the same folder. `nil` = the number of processes is not limited.
    let processes: String?

    var folders: [String] { processes.map { $0 == memory ? [memory] : [memory, $0] } ?? [memory] }

    /// Makes the folders and sets the limits.
    /// - Throws: `ControlError.failed`; then nothing of it is left.
    func make(memoryLimit: ByteCount) throws {
        do {
            for folder in folders { try KernelFile.makeFolder(folder) }
            switch version {
            case .one:
                try KernelFile.write("\(memoryLimit.bytes)", to: "\(memory)/memory.limit_in_bytes")
                // Memory and swap together: no swap. Not there where the kernel does not count swap.
                try writeIfThere("\(memoryLimit.bytes)", to: "\(memory)/memory.memsw.limit_in_bytes")
            case .two:
                try KernelFile.write("\(memoryLimit.bytes)", to: "\(memory)/memory.max")
                try writeIfThere("0", to: "\(memory)/memory.swap.max")
                // A function of which a part was killed is of no use.
                try writeIfThere("1", to: "\(memory)/memory.oom.group")
            }
            if let processes { try KernelFile.write("\(FunctionLimits.mostProcesses)", to: "\(processes)/pids.max") }
        } catch {
            _ = remove()
            throw error
        }
    }

    private func writeIfThere(_ text: String, to path: String) throws {
        if KernelFile.exists(path) { try KernelFile.write(text, to: path) }
    }

    /// What a shell runs to enter it, before the program takes its place.
    var entry: String {
        folders.map { "echo $$ >\(Self.quoted("\($0)/cgroup.procs"))" }.joined(separator: " && ")
    }

    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: #"'\''"#) + "'" }

    /// The most memory it has had, in bytes; `nil` once it is removed, or when the kernel does not say.
    var peakMemory: Int? {
        number(in: version == .one ? "memory.max_usage_in_bytes" : "memory.peak")
    }

    /// How many of its processes the kernel has killed because they wanted more memory than is allowed.
    var memoryKills: Int {
        let file = version == .one ? "memory.oom_control" : "memory.events"
        guard let lines = text(of: file)?.split(separator: "\n") else { return 0 }
        for line in lines where line.hasPrefix("oom_kill ") { return Int(line.dropFirst(9)) ?? 0 }
        return 0
    }

    private func number(in file: String) -> Int? {
        text(of: file).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    private func text(of file: String) -> String? {
        // Not there once the group is removed, or with an older kernel: then there is nothing to say.
        do { return try KernelFile.read("\(memory)/\(file)") } catch { return nil }
    }

    /// Kills all that is in it, at once.
    func killAll() {
        let tree = folders.flatMap(Self.tree)
        do {
            try KernelFile.write("1", to: "\(memory)/cgroup.kill")
        } catch {
            killOneByOne(tree)
        }
    }

    /// Version 1, and kernels before 5.14. Nothing can be started any more, so there is an end of it.
    private func killOneByOne(_ tree: [String]) {
        for folder in tree where KernelFile.exists("\(folder)/pids.max") {
            // Removed meanwhile: then there is nobody in it.
            do { try KernelFile.write("0", to: "\(folder)/pids.max") } catch { continue }
        }
        var killed: Set<pid_t> = []
        for _ in 0..<Self.mostRounds {
            let found = Set(tree.flatMap(Self.processIDs)).subtracting(killed)
            if found.isEmpty { return }
            for processID in found { kill(processID, SIGKILL) }
            killed.formUnion(found)
        }
    }

    /// Where the number of processes is not limited, something may go on starting others for ever.
    private static let mostRounds = 100

    private static func processIDs(in folder: String) -> [pid_t] {
        do {
            // Processes of another namespace are 0.
            return try KernelFile.read("\(folder)/cgroup.procs").split(separator: "\n").compactMap { pid_t($0) }
                .filter { $0 > 1 && $0 != getpid() }
        } catch {
            return []
        }
    }

    /// Removes it when nothing is in it any more.
    /// - Returns: whether it is gone.
    func remove() -> Bool {
        // The inner ones first; what a function has made in it goes with it.
        for folder in folders.flatMap(Self.tree).reversed() where rmdir(folder) != 0 && errno != ENOENT { return false }
        return true
    }

    /// A group and those in it, the outer ones first.
    private static func tree(_ folder: String) -> [String] {
        [folder] + KernelFile.folders(in: folder).flatMap { tree("\(folder)/\($0)") }
    }
}
