import ArgumentParser
import Logging
import ServiceLifecycle
import Sluice

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run pipelines until SIGTERM, or until nothing is left to do.",
        discussion: """
            With --until-idle: exit 4 the ledger does not add up, 5 stalled (paused, or a breaker that three probes \
            could not close), 3 a dead-letter queue of these pipelines is not empty, else 0.
            """)

    @Argument(help: "Definitions, or folders of them; none = the pipelines of this app.")
    var files: [String] = []

    @Flag(help: "End when nothing is ready, delayed, backing off or in flight at a step.")
    var untilIdle = false

    @Option(help: "What relative paths of pipelines written in Swift are relative to; this folder by default.")
    var root: String?

    @Option(help: "Visibility, delay, retention and expiry pass so many times faster; for tests.")
    var clockRate = 1

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        guard SystemClock.rates.contains(clockRate) else {
            throw ValidationError("--clock-rate is 1 to 1000000.")
        }
    }

    mutating func run() async throws {
        let plain = try CommandContext(common)
        let signals = await StopSignals(logger: plain.logger)
        let definitions = try plain.definitions(files, root: root)
        let context = plain.masking(definitions.masker)
        if untilIdle, definitions.pipelines.isEmpty {
            throw CommandFailure(.usage, "--until-idle needs pipelines: `\(context.application.name) run FILE`")
        }
        let folder = try context.dataFolder(mayCreate: true)
        let engine = try await context.openToRun(folder.path, clockRate: clockRate)
        let status: ExitStatus
        do {
            status = try await serve(definitions.pipelines, engine, folder.path, until: signals, context)
        } catch {
            await engine.close()
            throw error
        }
        await engine.close()
        if status != .done { throw CommandFailure(status) }
    }

    private func serve(
        _ pipelines: [Pipeline], _ engine: any OpenEngine, _ folder: String, until signals: StopSignals,
        _ context: CommandContext
    ) async throws -> ExitStatus {
        let running = try await engine.start(
            pipelines, functions: context.application.functions, secrets: context.secrets, logger: context.logger)
        let server = try await ControlServer.bind(folder: folder, control: running.control, logger: context.logger)
        context.note(Self.firstLine(context.application.name, folder, pipelines))
        let idle = untilIdle ? UntilStill(running, limit: context.timeout) : nil
        let group = ServiceGroup(
            configuration: Self.configuration(running.services, server, signals, idle, context.logger))
        try await group.run()
        guard let idle else { return .done }
        return try idle.exitStatus(of: pipelines.map(\.name), context)
    }

    static func firstLine(_ name: String, _ folder: String, _ pipelines: [Pipeline]) -> String {
        let what = pipelines.isEmpty ? "no pipelines; queues only" : pipelines.map(\.name).joined(separator: ", ")
        return "\(name) \(SluiceVersion.text) · \(folder) · \(what)"
    }

    /// How long steps may finish what they hold after SIGTERM; then it is cut short and released.
    private static let finishing: Duration = .seconds(20)
    /// How long cancelled work may take to end; then the process ends as after a kill, which loses nothing.
    private static let ending: Duration = .seconds(10)

    /// Services end in the reverse order: the socket first, what stores last.
    private static func configuration(
        _ services: [any Service], _ server: ControlServer, _ signals: StopSignals, _ idle: UntilStill?,
        _ logger: Logger
    ) -> ServiceGroupConfiguration {
        var all = services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) }
        all.append(.init(service: server))
        all.append(.init(service: signals, successTerminationBehavior: .gracefullyShutdownGroup))
        if let idle { all.append(.init(service: idle, successTerminationBehavior: .gracefullyShutdownGroup)) }
        var configuration = ServiceGroupConfiguration(services: all, logger: logger)
        configuration.maximumGracefulShutdownDuration = finishing
        configuration.maximumCancellationDuration = ending
        return configuration
    }
}

extension CommandContext {
    /// Opens the folder to run in it. A process that runs there already is named at once (75); a command that has it
    /// for a moment is waited for.
    func openToRun(_ folder: String, clockRate: Int) async throws -> any OpenEngine {
        let context = with(clockRate: clockRate)
        switch try await context.access(folder, mayCreate: true, use: .lasting) {
        case .local(let engine): return engine
        case .remote(let remote):
            let peer = remote.peer
            try await remote.close()
            let what = peer.pipelines.isEmpty ? "" : " and runs \(peer.pipelines.joined(separator: ", "))"
            throw ControlError.busy("process \(peer.processID) uses the data folder '\(folder)'\(what)")
        }
    }
}
