import Foundation
import Sluice
import Testing

@testable import SluiceFunctions

@Suite("What an execution environment has for itself")
struct SandboxTests {
    private var fixture: FunctionFixture

    init() throws { fixture = try FunctionFixture() }

    private static var hasGroups: Bool {
        if case .controlGroups(let groups) = FunctionLimits.detect() { groups.processes != nil } else { false }
    }

    private func pool(_ source: String, in fixture: FunctionFixture? = nil) throws -> FunctionPool {
        try (fixture ?? self.fixture).pool("import os, stat, subprocess, tempfile\n" + source)
    }

    private func answer(_ pool: FunctionPool, _ event: String = "{}") async throws -> String {
        try FunctionFixture.response(await fixture.call(pool, event))
    }

    @Test("a temporary folder that nobody else may read, gone with the process")
    func temporaryFolder() async throws {
        let pool = try pool(
            """
            def handler(event, context):
                folder = tempfile.gettempdir()
                open(folder + "/left", "w").write("something")
                return f"{folder} {stat.S_IMODE(os.stat(folder).st_mode):o}"
            """)
        let words = try await answer(pool).trimmingCharacters(in: ["\""]).split(separator: " ").map(String.init)
        #expect(words == [fixture.temporary + "/1", "700"])
        #expect(FileManager.default.fileExists(atPath: words[0] + "/left"))
        pool.close()
        await pool.waitUntilGone()
        #expect(!FileManager.default.fileExists(atPath: words[0]))
    }

    @Test("the folders that a killed host has left are removed at the next start")
    func leftFolders() async throws {
        try fixture.folder.write("tmp/7/a file", "left")
        let pool = try pool("def handler(event, context):\n    return 1\n")
        defer { pool.close() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.temporary) == [])
    }

    @Test("Lambda's environment and no more, no descriptors of ours, no more rights, a process group of its own")
    func clean() async throws {
        let pool = try pool(
            """
            def handler(event, context):
                files = sorted(os.readlink(f"/proc/self/fd/{n}").split(":")[0] for n in os.listdir("/proc/self/fd") if n != "3" and os.path.exists(f"/proc/self/fd/{n}"))
                rights = [line.split()[1] for line in open("/proc/self/status") if line.startswith("NoNewPrivs")]
                return {"names": sorted(os.environ), "files": files, "rights": rights, "leads": os.getpgrp() == os.getpid()}
            """)
        defer { pool.close() }
        let text = try await answer(pool)
        for name in ["HOME", "USER", "SHELL"] { #expect(!text.contains("\"\(name)\"")) }
        #expect(text.contains("\"TMPDIR\""))
        #expect(text.contains(#""rights":["1"],"leads":true"#))
        #expect(text.contains(#""files":["/dev/null","pipe","pipe"]"#), "\(text)")
    }

    @Test("more memory than it is allowed ends it, with the reason", .enabled(if: hasGroups))
    func memory() async throws {
        let pool = try pool(
            "def handler(event, context):\n    kept = []\n    while True: kept.append(bytearray(8 << 20))\n")
        defer { pool.close() }
        guard case .answer(.exited(let end), _) = await fixture.call(pool) else {
            Issue.record("it did not end")
            return
        }
        #expect(
            end.reason(before: "it answered")
                == "the function used more than 256 MB of memory before it answered, and was killed; `memory:` gives it more"
        )
        #expect(end.errorType == "Runtime.OutOfMemory")
    }

    @Test("without control groups each process has a limit of its own")
    func memoryOfAProcess() async throws {
        var fixture = fixture
        fixture.limits = .processLimits(because: "of this test")
        let pool = try pool(
            "def handler(event, context):\n    kept = []\n    while True: kept.append(bytearray(8 << 20))\n",
            in: fixture)
        defer { pool.close() }
        guard case .answer(.error(let error), _) = await fixture.call(pool) else {
            Issue.record("it did not fail")
            return
        }
        #expect(error.type == "MemoryError")
    }

    @Test(
        "it is in its group before its first line, and can start so many processes and no more", .enabled(if: hasGroups)
    )
    func processes() async throws {
        let pool = try pool(
            """
            groups = dict(line.rstrip().split(":", 2)[1:] for line in open("/proc/self/cgroup"))
            own = groups.get("pids", groups.get(""))
            def handler(event, context):
                base = "/sys/fs/cgroup/pids" if "pids" in groups else "/sys/fs/cgroup"
                return own + " " + open(base + own + "/pids.max").read()
            """)
        defer { pool.close() }
        let text = try await answer(pool)
        #expect(text.contains("/sluice-\(fixture.owner)-\(getpid())/1 1024"), "\(text)")
    }

    @Test("what leaves its process group ends with it all the same", .enabled(if: hasGroups))
    func runaway() async throws {
        let pool = try pool(
            """
            def handler(event, context):
                return subprocess.Popen(["sleep", "1000"], start_new_session=True).pid
            """)
        let child = try #require(Int32(try await answer(pool)))
        #expect(isRunning(child))
        pool.close()
        try await eventually { !isRunning(child) }
    }

    @Test("what has left its process group and holds the pipes keeps nobody waiting")
    func heldPipes() async throws {
        var fixture = fixture
        fixture.limits = .processLimits(because: "of this test")
        let mark = fixture.folder.path + "/child"
        let pool = try pool(
            """
            def handler(event, context):
                child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
                open("\(mark)", "w").write(str(child.pid))
                os.write(2, b"the last line\\n")
                os._exit(4)
            """, in: fixture)
        defer { pool.close() }
        guard case .answer(.exited(let end), let line) = await fixture.call(pool) else {
            Issue.record("it did not end")
            return
        }
        #expect(end.description == "exit status 4")
        #expect(line == "the last line")
        // It is nobody's any more: without control groups nothing else could find it.
        kill(try #require(pid_t(String(contentsOfFile: mark, encoding: .utf8))), SIGKILL)
    }

    @Test(
        "the groups that a killed host has left are removed at the next start, with what runs in them",
        .enabled(if: hasGroups))
    func leftGroups() async throws {
        guard case .controlGroups(let groups) = FunctionLimits.detect() else { return }
        let left = ControlGroup(
            version: groups.version, memory: groups.memory + "/sluice-left\(fixture.owner)",
            processes: groups.processes.map { $0 + "/sluice-left\(fixture.owner)" })
        try left.make(memoryLimit: .megabytes(128))
        // As a host that lives: else those of other tests would remove it.
        let lock = open(left.memory, O_RDONLY | O_CLOEXEC)
        #expect(flock(lock, LOCK_EX) == 0)
        let orphan = Process()
        orphan.executableURL = URL(fileURLWithPath: "/bin/sh")
        orphan.arguments = ["-c", left.entry + " && exec sleep 1000"]
        orphan.standardOutput = FileHandle.nullDevice
        try orphan.run()
        try await eventually {
            left.folders.allSatisfy { !((try? KernelFile.read("\($0)/cgroup.procs")) ?? "").isEmpty }
        }
        // Not only closed: a child of another test that is about to start may still have a copy.
        flock(lock, LOCK_UN)
        close(lock)

        try fixture.sandboxes().open()
        try await eventually { !orphan.isRunning }
        // What was killed may take a moment to be gone; the next start finds it again.
        try await eventually {
            guard (try? FunctionFixture().sandboxes().open()) != nil else { return false }
            return left.folders.allSatisfy { !KernelFile.exists($0) }
        }
    }
}
