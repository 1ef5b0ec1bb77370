package import Sluice

/// `jq:`: how the process of a program is started, which sees nothing of ours.
extension FunctionRuntime {
    /// - Parameters:
    ///   - jq: the program itself.
    ///   - version: which program it is.
    ///   - executable: what runs it: `OwnExecutable.path`, except in tests.
    package init(
        jq program: String, _ transform: Transform, of pipeline: String, version: String,
        services: FunctionServices = .none, executable: String = OwnExecutable.path
    ) {
        let variables = Dictionary(uniqueKeysWithValues: transform.environment.map { (JQProcess.prefix + $0, $1) })
        self.init(
            command: [executable, JQProcess.runs], workingFolder: "/",
            variables: variables.merging(Self.ownVariables(program)) { $1 },
            identity: FunctionIdentity(ofPipeline: pipeline, version: version, services),
            memory: transform.memory)
    }

    /// A process that compiles a program, and ends.
    static func plan(checking program: String, executable: String) -> ProcessPlan {
        ProcessPlan(
            command: guarded([executable, JQProcess.checks], entry: Sandbox.processLimits(memory: .megabytes(256))),
            environment: ownVariables(program), workingFolder: "/")
    }

    /// Swift's own report of a crash starts a program, which a confined process cannot.
    private static func ownVariables(_ program: String) -> [String: String] {
        [JQProcess.program: program, "SWIFT_BACKTRACE": "enable=no"]
    }
}
