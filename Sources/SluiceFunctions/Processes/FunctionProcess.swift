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

/// One process of a function, in a process group of its own, with what it writes read line by line.
///
/// It ends with its host, whatever ends that: the kernel kills it (`setpriv --pdeathsig`), the watchdog its group.
struct FunctionProcess: Sendable {
    let processID: pid_t
    private let hasEnded: Mutexed<Bool>

    /// Starts a process.
    /// - Parameters:
    ///   - lines: called with what it writes, a line at a time, on the event loop.
    ///   - ended: called once, when the process itself has ended and its group is gone.
    /// - Throws: `ControlError` when there is no such program, or none can be started now.
    static func start(
        _ plan: ProcessPlan, watchdog: Watchdog, lines: @escaping @Sendable (OutputLines.Line) -> Void,
        ended: @escaping @Sendable (ProcessEnd) -> Void
    ) async throws -> FunctionProcess {
        let output = try await OutputLines.open(OutputLines.Stream.standardOutput, lines)
        let errors = try await OutputLines.open(OutputLines.Stream.standardError, lines)
        let hasEnded = Mutexed(false)
        return try await withCheckedThrowingContinuation { started in
            // Unstructured, because the process outlives the call that starts it; it ends with the process, and whoever
            // owns the environment ends that.
            Task {
                let isStarted = Mutexed(false)
                do {
                    let result = try await run(
                        configuration(plan), input: .none,
                        output: .fileDescriptor(output, closeAfterSpawningProcess: true),
                        error: .fileDescriptor(errors, closeAfterSpawningProcess: true)
                    ) { execution in
                        let processID = execution.processIdentifier.value
                        watchdog.watch(group: processID)
                        isStarted.set(true)
                        started.resume(returning: FunctionProcess(processID: processID, hasEnded: hasEnded))
                    }
                    hasEnded.set(true)
                    // What it has left behind in its group.
                    kill(-result.processIdentifier.value, SIGKILL)
                    watchdog.forget(group: result.processIdentifier.value)
                    ended(ProcessEnd(result.terminationStatus))
                } catch {
                    guard isStarted.value else { return started.resume(throwing: explain(error, plan)) }
                    ended(ProcessEnd(description: "lost: \(error)"))
                }
            }
        }
    }

    /// Kills the process and everything in its group.
    func end() {
        if !hasEnded.value { kill(-processID, SIGKILL) }
    }

    /// The most memory it has had, in bytes; `nil` when it has ended.
    var peakMemory: Int? {
        guard let status = try? FileDescriptor.open("/proc/\(processID)/status", .readOnly) else { return nil }
        defer { try? status.close() }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = (try? bytes.withUnsafeMutableBytes { try status.read(into: $0) }) ?? 0
        for line in String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("VmHWM:") {
            return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
        }
        return nil
    }

    private static func configuration(_ plan: ProcessPlan) -> Configuration {
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
    init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): description = "exit status \(code)"
        case .signaled(let signal): description = "signal: " + (Self.signals[signal] ?? "\(signal)")
        }
    }

    private static let signals: [CInt: String] = [
        SIGKILL: "killed", SIGSEGV: "segmentation fault", SIGABRT: "aborted", SIGBUS: "bus error",
        SIGFPE: "floating point exception", SIGILL: "illegal instruction", SIGTERM: "terminated", SIGINT: "interrupt",
        SIGPIPE: "broken pipe",
    ]
}

/// A value behind a lock, for closures to share.
final class Mutexed<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: sending Value) { mutex = Mutex(value) }

    var value: Value { mutex.withLock { $0 } }
    func set(_ value: Value) { mutex.withLock { $0 = value } }
}
