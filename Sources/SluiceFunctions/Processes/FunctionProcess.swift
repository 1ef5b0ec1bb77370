import Sluice
import Subprocess
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How a function's process is started.
struct ProcessPlan: Sendable {
    /// The program, by its path, and its arguments.
    var command: [String]
    var environment: [String: String]
    var workingFolder: String
}

/// One process of a function, in a process group and a sandbox of its own, with what it writes read line by line.
///
/// It ends with its host, whatever ends that: the kernel kills it (`setpriv --pdeathsig`), the watchdog its group.
struct FunctionProcess: Sendable {
    let processID: pid_t
    private let sandbox: Sandbox
    private let hasEnded: Mutexed<Bool>
    /// Ends when the process and all that was its own are gone.
    private let life: Mutexed<Task<Void, Never>?>

    /// Starts a process.
    /// - Parameters:
    ///   - sandbox: where it lives; removed when it has ended, and also when it cannot be started.
    ///   - lines: called with what it writes, a line at a time, on the event loop.
    ///   - ended: called once, when the process itself has ended, its group is gone, and its last line was passed on.
    /// - Throws: `ControlError` when there is no such program, or none can be started now.
    static func start(
        _ plan: ProcessPlan, in sandbox: Sandbox, lines: @escaping @Sendable (OutputLines.Line) -> Void,
        ended: @escaping @Sendable (ProcessEnd) -> Void
    ) async throws -> FunctionProcess {
        let pipes = try await pipes(lines, sandbox)
        let (hasEnded, life) = (Mutexed(false), Mutexed<Task<Void, Never>?>(nil))
        let processID = try await withCheckedThrowingContinuation { started in
            // Unstructured, because the process outlives the call that starts it; it ends with the process, and whoever
            // owns the environment ends that.
            life.set(Task { await live(plan, in: sandbox, pipes, hasEnded, started: started, ended: ended) })
        }
        return FunctionProcess(processID: processID, sandbox: sandbox, hasEnded: hasEnded, life: life)
    }

    private typealias Pipes = (output: OutputLines.Reading, errors: OutputLines.Reading)

    /// From the spawn until nothing of it is left.
    private static func live(
        _ plan: ProcessPlan, in sandbox: Sandbox, _ pipes: Pipes, _ hasEnded: Mutexed<Bool>,
        started: CheckedContinuation<pid_t, any Error>, ended: @Sendable (ProcessEnd) -> Void
    ) async {
        defer { sandbox.remove() }
        let isStarted = Mutexed<pid_t?>(nil)
        do {
            let result = try await run(
                configuration(plan), input: .none,
                output: .fileDescriptor(pipes.output.writer, closeAfterSpawningProcess: true),
                error: .fileDescriptor(pipes.errors.writer, closeAfterSpawningProcess: true)
            ) { execution in
                let processID = execution.processIdentifier.value
                sandbox.watchdog.watch(group: processID)
                isStarted.set(processID)
                started.resume(returning: processID)
            }
            hasEnded.set(true)
            let end = ProcessEnd(result.terminationStatus, in: sandbox)
            // What it has left behind.
            kill(-result.processIdentifier.value, SIGKILL)
            sandbox.group?.killAll()
            sandbox.watchdog.forget(group: result.processIdentifier.value)
            await pipes.output.end()
            await pipes.errors.end()
            ended(end)
        } catch {
            guard let processID = isStarted.value else { return started.resume(throwing: explain(error, plan)) }
            // Nobody will say when it ends: it ends now.
            kill(-processID, SIGKILL)
            hasEnded.set(true)
            sandbox.group?.killAll()
            sandbox.watchdog.forget(group: processID)
            await pipes.output.end()
            await pipes.errors.end()
            ended(ProcessEnd(description: "lost: \(error)"))
        }
    }

    private static func pipes(
        _ lines: @escaping @Sendable (OutputLines.Line) -> Void, _ sandbox: Sandbox
    ) async throws -> Pipes {
        do {
            let output = try await OutputLines.open(.standardOutput, lines)
            do {
                return (output, try await OutputLines.open(.standardError, lines))
            } catch {
                try output.writer.close()
                throw error
            }
        } catch {
            sandbox.remove()
            throw error
        }
    }

    /// Kills the process, everything in its group, and everything it has started where there are control groups.
    func end() {
        if !hasEnded.value { kill(-processID, SIGKILL) }
        sandbox.group?.killAll()
    }

    /// Returns when the process is gone, and its sandbox removed.
    func waitUntilGone() async {
        await life.value?.value
        await sandbox.owner.cleaned()
    }

    /// The most memory it has had, in bytes; `nil` when it has ended. With control groups, all that it has started and
    /// the files it has read count too.
    var peakMemory: Int? {
        if let group = sandbox.group { return group.peakMemory }
        let status: String
        do { status = try KernelFile.read("/proc/\(processID)/status") } catch { return nil }
        for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
        }
        return nil
    }

    static func configuration(_ plan: ProcessPlan) -> Configuration {
        var options = PlatformOptions()
        options.processGroupID = 0
        return Configuration(
            executable: .path(FilePath(plan.command.first ?? "")),
            arguments: Arguments(Array(plan.command.dropFirst())),
            environment: .custom(
                Dictionary(uniqueKeysWithValues: plan.environment.map { (Environment.Key(stringLiteral: $0), $1) })),
            workingDirectory: FilePath(plan.workingFolder), platformOptions: options)
    }

    private static func explain(_ error: any Error, _ plan: ProcessPlan) -> ControlError {
        let program = plan.command.first ?? ""
        guard let error = error as? SubprocessError else { return .failed("cannot start '\(program)': \(error)") }
        switch error.code {
        case .executableNotFound:
            return .refused("there is no program '\(program)' in PATH; install it, or name it by its path")
        default: return .failed("cannot start '\(program)': \(error)")
        }
    }
}

extension ProcessEnd {
    /// - Parameter sandbox: where it has lived, if that was in one of its own.
    init(_ status: TerminationStatus, in sandbox: Sandbox? = nil) {
        switch status {
        case .exited(let code): self.init(description: "exit status \(code)")
        case .signaled(let signal):
            self.init(description: "signal: " + (Self.signals[signal] ?? "\(signal)"))
            if signal == SIGKILL, let sandbox, let group = sandbox.group, group.memoryKills > 0 {
                memoryLimit = sandbox.memory
            }
        }
    }

    private static let signals: [CInt: String] = [
        SIGKILL: "killed", SIGSEGV: "segmentation fault", SIGABRT: "aborted", SIGBUS: "bus error",
        SIGFPE: "floating point exception", SIGILL: "illegal instruction", SIGTERM: "terminated", SIGINT: "interrupt",
        SIGPIPE: "broken pipe",
    ]
}
