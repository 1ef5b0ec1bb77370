import Foundation
import Subprocess
import SystemPackage

/// Whether the interpreter that a handler needs is on this machine.
package struct HandlerCheck: Error {
    /// What is wrong, and what to do.
    package let problem: String
    package let remedy: String

    /// - Parameter code: the folder of the code.
    /// - Returns: `nil` = it is there.
    package static func problem(with runtime: String, code: String) async -> HandlerCheck? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? Programs.standardPath
        if runtime.hasPrefix("python") {
            let program = PythonRuntime.interpreter(runtime, code: code)
            return Programs.find(program, in: path) == nil ? missing(program, of: runtime, in: path) : nil
        }
        guard let program = Programs.find(NodeRuntime.program, in: path) else {
            return missing(NodeRuntime.program, of: runtime, in: path)
        }
        return await problem(withNode: program, runtime)
    }

    private static func problem(withNode program: String, _ runtime: String) async -> HandlerCheck? {
        do {
            let result = try await Subprocess.run(
                .path(FilePath(program)), arguments: ["--version"], input: .none, output: .string(limit: 100),
                error: .discarded)
            let version = result.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
            let major = version.dropFirst().prefix { $0 != "." }
            if major == NodeRuntime.major(runtime) { return nil }
            return HandlerCheck(
                problem: "'\(runtime)' is asked for, and '\(program)' is \(version)",
                remedy: "write 'nodejs\(major).x', or put node \(NodeRuntime.major(runtime)) into the PATH")
        } catch {
            return HandlerCheck(problem: "cannot run '\(program)': \(error)", remedy: "install node again")
        }
    }

    private static func missing(_ program: String, of runtime: String, in path: String) -> HandlerCheck {
        HandlerCheck(
            problem: "'\(runtime)' needs '\(program)', and there is none in PATH (\(path))",
            remedy: "install it")
    }
}
