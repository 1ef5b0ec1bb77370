import Foundation
package import Sluice

/// What runs a function: the command line of its client, the folder of its code, its environment variables.
package struct FunctionRuntime: Sendable {
    /// The command, its program found and what has to be told to the kernel before it.
    private let command: [String]
    private let codeFolder: String
    private let variables: [String: String]
    let identity: FunctionIdentity

    /// How a process is started for it, with the address of its Runtime API.
    func plan(api address: String) -> ProcessPlan {
        var environment = variables
        environment["AWS_LAMBDA_RUNTIME_API"] = address
        return ProcessPlan(
            command: command, environment: environment, workingFolder: codeFolder)
    }

    /// A handler in Python, run by the client that ships with us.
    /// - Parameters:
    ///   - runtime: `python3`, `python3.12`.
    ///   - scratch: a folder for what is ours.
    /// - Throws: `ControlError.refused` when the interpreter or the code is not there.
    package init(
        python runtime: String, handler: String, pipeline: String, code: String, version: String,
        environment: [String: String], memory: ByteCount, scratch: String
    ) throws {
        try self.init(
            command: PythonRuntime.command(runtime, code: code, folder: scratch), handler: handler, pipeline: pipeline,
            code: code, version: version, environment: environment, memory: memory)
    }

    /// A client of the Runtime API that the user names: `command:`.
    /// - Throws: `ControlError.refused` when the program or the code is not there.
    package init(
        command: [String], handler: String = "", pipeline: String, code: String, version: String,
        environment: [String: String], memory: ByteCount
    ) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: code, isDirectory: &isFolder), isFolder.boolValue else {
            throw ControlError.refused("pipeline '\(pipeline)': the code folder '\(code)' is not there")
        }
        identity = FunctionIdentity(name: "\(pipeline)-transform", version: version, region: "us-east-1")
        let variables = Self.variables(identity, handler, code, memory).merging(environment) { $1 }
        let path = variables["PATH"] ?? Programs.standardPath
        let program = command.first ?? ""
        let inCode = program.contains("/") && !program.hasPrefix("/") ? code + "/" + program : program
        guard let found = Programs.find(inCode, in: path) else {
            throw ControlError.refused(
                "pipeline '\(pipeline)': there is no program '\(program)'"
                    + (program.contains("/") ? "" : " in PATH (\(path))") + "; install it, or name it by its path")
        }
        self.command = Self.guarded([found] + command.dropFirst(), memory)
        codeFolder = code
        self.variables = variables
    }

    /// As Lambda sets them. The process gets no others of ours.
    private static func variables(
        _ identity: FunctionIdentity, _ handler: String, _ code: String, _ memory: ByteCount
    ) -> [String: String] {
        [
            "_HANDLER": handler, "AWS_REGION": identity.region, "AWS_DEFAULT_REGION": identity.region,
            "AWS_LAMBDA_FUNCTION_NAME": identity.name, "AWS_LAMBDA_FUNCTION_VERSION": identity.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "\(memory.bytes >> 20)",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/\(identity.name)",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_ACCESS_KEY_ID": "sluice", "AWS_SECRET_ACCESS_KEY": "sluice",
            "LAMBDA_TASK_ROOT": code, "LAMBDA_RUNTIME_DIR": code, "TZ": ":UTC", "LANG": "en_US.UTF-8",
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? Programs.standardPath,
            "HOME": code,
        ]
    }

    /// Limits are set by a shell before the program takes its place: data, because address space would count what
    /// runtimes only reserve. Then the kernel is told to kill it when we die, and never to give it more rights:
    /// `setpriv`, which every Debian has. Where it is not, the watchdog does the first alone.
    private static func guarded(_ command: [String], _ memory: ByteCount) -> [String] {
        let limits = "ulimit -c 0 && ulimit -d \(memory.bytes >> 10) && exec \"$@\""
        let setpriv = Programs.find("setpriv", in: "/usr/bin:/bin")
        return ["/bin/sh", "-c", limits, "sh"]
            + (setpriv.map { [$0, "--no-new-privs", "--pdeathsig", "KILL", "--"] } ?? []) + command
    }
}
