import Logging
import Sluice
import SluiceFunctions

/// Puts together what calls a pipeline's function: in this process, or in processes of its own.
struct FunctionAssembly {
    let invoker: any FunctionInvoker
    /// Which code runs: of a Swift function the executable, of jq the program, of any other the code folder.
    let version: String

    /// - Parameters:
    ///   - functions: those in Swift that the app registers.
    ///   - scratch: a folder for files that processes need; made when one does.
    ///   - sandboxes: where processes live.
    ///   - services: what its environment says of the services around it.
    ///   - log: where the function's lines are kept, beside what `logger` says on stderr.
    /// - Throws: `ControlError.refused` when the function, its code or what runs it is not there.
    init(
        _ transform: Transform, of pipeline: Pipeline, functions: [Function], scratch: String, sandboxes: Sandboxes,
        services: FunctionServices = .none, logger: Logger, log: StepLog = .none
    ) throws {
        if case .swift(let name) = transform.kind {
            guard let function = functions.first(where: { $0.name == name }) else {
                throw ControlError.refused(Self.unknownFunction(name, in: pipeline, among: functions.map(\.name)))
            }
            let host = FunctionHost(name: function.name, logger: log.logger(beside: logger))
            invoker = HostedFunction(function, host: host, log: log)
            version = try Self.version(of: transform, in: pipeline)
            return
        }
        version = try Self.version(of: transform, in: pipeline)
        let runtime: FunctionRuntime
        if case .jq(let jq) = transform.kind {
            let program = try JQSource(jq, of: pipeline).read()
            runtime = FunctionRuntime(
                jq: program, transform, of: pipeline.name, version: version, services: services)
        } else {
            let code = pipeline.codeFolder ?? "."
            runtime = try FunctionRuntime(
                transform, of: pipeline.name, code: code, version: version, scratch: scratch, services: services)
        }
        let contract = FunctionContract(
            transform, pipeline: pipeline.name, region: runtime.region, account: runtime.account)
        invoker = try ProcessFunction(
            name: transform.codeName, runtime: runtime, contract: contract, sandboxes: sandboxes,
            logger: Self.logger(logger, pipeline.transformStep), log: log)
    }

    /// What limits functions on this machine, if one of `pipelines` has a function with a process of its own.
    static func limits(for pipelines: [Pipeline]) -> String? {
        pipelines.contains { $0.transform?.isProcess ?? false } ? FunctionLimits.detect().description : nil
    }

    /// Which code would run now.
    /// - Throws: `ControlError.refused` when the code cannot be read.
    static func version(of transform: Transform, in pipeline: Pipeline) throws -> String {
        switch transform.kind {
        case .swift: try ExecutableVersion.current()
        case .jq(let jq): CodeVersion.of(program: try JQSource(jq, of: pipeline).read())
        case .handler, .command: try CodeVersion.of(folder: pipeline.codeFolder ?? ".", running: transform)
        }
    }

    /// What a process writes is told apart by pipeline and step.
    private static func logger(_ logger: Logger, _ step: StepName) -> Logger {
        var logger = logger
        logger[metadataKey: "step"] = "\(step)"
        return logger
    }

    private static func unknownFunction(_ name: String, in pipeline: Pipeline, among names: [String]) -> String {
        let nearest = NearestName.hint(for: name, among: names)
        let known = names.isEmpty ? "; this program registers none" : "; it has \(names.joined(separator: ", "))"
        return "pipeline '\(pipeline.name)': there is no function '\(name)'" + (nearest.isEmpty ? known : nearest)
    }
}
