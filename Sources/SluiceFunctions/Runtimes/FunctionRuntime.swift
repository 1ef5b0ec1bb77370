import Foundation
package import Sluice

/// What runs a function: the command line of its client, the folder of its code, its environment variables.
package struct FunctionRuntime: Sendable {
    /// The command, its program found.
    private let command: [String]
    private let workingFolder: String
    private let variables: [String: String]
    let identity: FunctionIdentity
    /// What an environment of it may use.
    let memory: ByteCount

    /// How a process is started for it, with the address of its Runtime API.
    func plan(api address: String, in sandbox: Sandbox, logStream: String) -> ProcessPlan {
        // The definition may name another temporary folder.
        var environment = ["TMPDIR": sandbox.temporaryFolder].merging(variables) { $1 }
        environment["AWS_LAMBDA_LOG_STREAM_NAME"] = logStream
        environment["AWS_LAMBDA_RUNTIME_API"] = address
        return ProcessPlan(
            command: Self.guarded(command, entry: sandbox.entry), environment: environment,
            workingFolder: workingFolder)
    }

    package var region: String { identity.region }
    package var account: String { identity.account }

    /// - Parameters:
    ///   - code: the folder of the code: where the process works, and its modules are looked for.
    ///   - version: which code it is.
    ///   - scratch: a folder for what ships with us and has to be a file; made when it is needed.
    ///   - services: what it is told of the services around it.
    /// - Throws: `ControlError.refused` when the code, or what runs it, is not there.
    package init(
        _ transform: Transform, of pipeline: String, code: String, version: String, scratch: String,
        services: FunctionServices = .none
    ) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: code, isDirectory: &isFolder), isFolder.boolValue else {
            throw ControlError.refused("pipeline '\(pipeline)': the code folder '\(code)' is not there")
        }
        identity = FunctionIdentity(ofPipeline: pipeline, version: version, services)
        variables = Self.variables(identity, transform, code: code).merging(services.variables) { $1 }
            .merging(transform.environment) { $1 }
        workingFolder = code
        memory = transform.memory
        let command = try Self.command(transform, pipeline, code: code, scratch: scratch)
        let program = try Self.find(command[0], for: pipeline, code: code, in: variables["PATH"] ?? "")
        self.command = [program] + command.dropFirst()
    }

    init(
        command: [String], workingFolder: String, variables: [String: String], identity: FunctionIdentity,
        memory: ByteCount
    ) {
        self.command = command
        self.workingFolder = workingFolder
        self.variables = variables
        self.identity = identity
        self.memory = memory
    }

    private static func command(
        _ transform: Transform, _ pipeline: String, code: String, scratch: String
    ) throws -> [String] {
        switch transform.kind {
        case .command(let words) where !words.isEmpty: return words
        case .handler(_, let runtime, _) where runtime.hasPrefix("python"):
            return try PythonRuntime.command(runtime, code: code, folder: scratch)
        case .handler(_, let runtime, _):
            return try NodeRuntime.command(runtime, memory: transform.memory, folder: scratch)
        case .jq, .swift, .command:
            throw ControlError.refused("pipeline '\(pipeline)': its function is no handler and no command")
        }
    }

    private static func find(
        _ program: String, for pipeline: String, code: String, in path: String
    ) throws -> String {
        let isInCode = program.contains("/") && !program.hasPrefix("/")
        if let found = Programs.find(isInCode ? code + "/" + program : program, in: path) { return found }
        let place = program.contains("/") ? (isInCode ? " in '\(code)'" : "") : " in PATH (\(path))"
        throw ControlError.refused(
            "pipeline '\(pipeline)': there is no program '\(program)'\(place); install it, or name it by its path")
    }

    /// As Lambda sets them. The process gets no others of ours.
    private static func variables(
        _ identity: FunctionIdentity, _ transform: Transform, code: String
    ) -> [String: String] {
        [
            "_HANDLER": transform.handler ?? "", "AWS_REGION": identity.region, "AWS_DEFAULT_REGION": identity.region,
            "AWS_LAMBDA_FUNCTION_NAME": identity.name, "AWS_LAMBDA_FUNCTION_VERSION": identity.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "\(transform.memory.bytes >> 20)",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/\(identity.name)",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            // Where no service asks for them; SDKs do not start without.
            "AWS_ACCESS_KEY_ID": "sluice", "AWS_SECRET_ACCESS_KEY": "sluice",
            "LAMBDA_TASK_ROOT": code, "LAMBDA_RUNTIME_DIR": code, "TZ": ":UTC", "LANG": "en_US.UTF-8",
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? Programs.standardPath,
        ]
    }

    /// A shell sets the limits before the program takes its place, so that nothing of it ever runs without. Then the
    /// kernel is told to kill it when we die, and never to give it more rights: `setpriv`, which every Debian has.
    /// Where it is not, the watchdog does the first alone.
    /// - Parameter entry: what sets the limits.
    static func guarded(_ command: [String], entry: String) -> [String] {
        let setpriv = Programs.find("setpriv", in: "/usr/bin:/bin")
        return ["/bin/sh", "-c", entry + " && exec \"$@\"", "sh"]
            + (setpriv.map { [$0, "--no-new-privs", "--pdeathsig", "KILL", "--"] } ?? []) + command
    }
}
