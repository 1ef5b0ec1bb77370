import Foundation
import Testing

@testable import SluiceFunctions

@Suite("What limits functions on a machine")
struct FunctionLimitsTests {
    /// Stands for the machine's root.
    private let machine: CodeFolder

    init() throws { machine = try CodeFolder() }

    private func limits() -> FunctionLimits { .detect(root: machine.path) }

    private func mount(_ groups: String, _ mounts: String) throws {
        try machine.write("proc/self/cgroup", groups)
        try machine.write("proc/self/mountinfo", "22 1 0:5 / /proc rw - proc proc rw\n" + mounts)
    }

    /// Version 2 with our process alone in `/app`.
    private func mountSecond(own: String = "/app", controllers: String = "cpu memory pids") throws {
        try mount("0::\(own)\n", "30 22 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n")
        try group("sys/fs/cgroup", controllers: controllers)
        try group("sys/fs/cgroup/app", controllers: controllers, processes: "\(getpid())\n")
    }

    private func group(_ path: String, controllers: String, processes: String = "") throws {
        try machine.write("\(path)/cgroup.type", "domain\n")
        try machine.write("\(path)/cgroup.controllers", controllers + "\n")
        try machine.write("\(path)/cgroup.subtree_control", "\n")
        try machine.write("\(path)/cgroup.procs", processes)
    }

    private func obstacle() -> String? {
        if case .processLimits(let reason) = limits() { reason } else { nil }
    }

    @Test("version 1: where our process is in each hierarchy, also when only a part of it is mounted")
    func first() throws {
        try mount(
            "9:name=systemd:/\n8:pids:/box/one\n4:memory:/box/one\n0::/\n",
            """
            39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
            35 31 0:32 /box /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

            """)
        try machine.write("sys/fs/cgroup/memory/one/tasks", "")
        try machine.write("sys/fs/cgroup/pids/box/one/tasks", "")
        let (memory, pids) = ("\(machine.path)/sys/fs/cgroup/memory/one", "\(machine.path)/sys/fs/cgroup/pids/box/one")
        #expect(
            limits()
                == .controlGroups(ControlGroups(version: .one, memory: memory, processes: pids, leaving: .nobody)))
        #expect(limits().description == "memory and processes of functions are limited by control groups (version 1)")
    }

    @Test("version 1 without the controller `pids` says that processes are not limited")
    func firstWithoutPids() throws {
        try mount("4:memory:/\n", "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
        try machine.write("sys/fs/cgroup/memory/tasks", "")
        #expect(limits().description.contains("the controller `pids` is not there"))
    }

    @Test("version 2: our own group, which we leave to make limited ones in it")
    func second() throws {
        try mountSecond()
        let app = "\(machine.path)/sys/fs/cgroup/app"
        #expect(
            limits() == .controlGroups(ControlGroups(version: .two, memory: app, processes: app, leaving: .host)))
    }

    @Test("version 2: once we have left it, the group above is the one")
    func left() throws {
        try mountSecond(own: "/app/sluice-host")
        try machine.write("sys/fs/cgroup/app/cgroup.procs", "")
        let app = "\(machine.path)/sys/fs/cgroup/app"
        #expect(
            limits() == .controlGroups(ControlGroups(version: .two, memory: app, processes: app, leaving: .nobody)))
    }

    @Test("version 2 in a container: its root is ours, and everybody leaves it")
    func container() throws {
        try mountSecond(own: "/")
        try machine.write("sys/fs/cgroup/cgroup.procs", "1\n\(getpid())\n")
        let top = "\(machine.path)/sys/fs/cgroup"
        #expect(
            limits() == .controlGroups(ControlGroups(version: .two, memory: top, processes: top, leaving: .everybody)))
    }

    @Test("a group that others are in, that is systemd's, or that lacks the controller is not used, and why is said")
    func obstacles() throws {
        try mountSecond()
        try machine.write("sys/fs/cgroup/app/cgroup.procs", "\(getpid())\n4711\n")
        #expect(obstacle()?.contains("other processes are in") == true)
        #expect(obstacle()?.contains("`Delegate=memory pids`") == true)

        try mountSecond(controllers: "cpu")
        #expect(obstacle()?.contains("has no controller `memory`") == true)

        try mountSecond()
        try FileManager.default.removeItem(atPath: machine.path + "/sys/fs/cgroup/app/cgroup.subtree_control")
        #expect(obstacle()?.contains("cgroup.subtree_control' cannot be written (No such file") == true)
    }

    @Test("what systemd has not left to us is its own", .enabled(if: getuid() == 0, "others own what they were given"))
    func systemd() throws {
        try mountSecond()
        try machine.write("run/systemd/system/any", "")
        #expect(obstacle()?.contains("is systemd's own") == true)
    }

    @Test("a machine without control groups is not an error")
    func none() throws {
        #expect(obstacle()?.contains("cannot read") == true)
        try mount("", "")
        #expect(obstacle() == "no hierarchy of them is mounted")
        #expect(limits().description.contains("RLIMIT_DATA"))
    }
}
