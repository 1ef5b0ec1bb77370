import ArgumentParser
import Logging
import ServiceLifecycle
import Sluice
import SluiceFunctions
import UnixSignals

struct RunCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run pipelines until SIGTERM, or until nothing is left to do.",
        discussion: """
            With --until-idle: exit 4 the ledger does not add up, 5 stalled (paused, or a breaker that three probes \
            could not close), 3 a dead-letter queue of these pipelines is not empty, else 0.
            """)

    @Argument(help: "Definitions, or folders of them; none = the pipelines of this app.", completion: .file())
    var files: [String] = []

    @Flag(help: "End when nothing is ready, delayed, backing off or in flight at a step.")
    var untilIdle = false

    @Flag(help: "Reload definitions and code when they change on the disk.")
    var watch = false

    @Option(help: "What relative paths of pipelines written in Swift are relative to; this folder by default.")
    var root: String?

    @Option(help: "Visibility, delay, retention and expiry pass so many times faster; for tests.")
    var clockRate = 1

    @OptionGroup var endpoint: ListenOptions
    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        guard SystemClock.rates.contains(clockRate) else {
            throw ValidationError("--clock-rate is 1 to 1000000.")
        }
        #if !os(Linux)
            if watch { throw ValidationError("--watch needs Linux; here, say `reload` when something has changed.") }
        #endif
    }

    mutating func run() async throws {
        let plain = try CommandContext(common)
        let signals = await Signals(
            stop: StopSignals(logger: plain.logger), reload: UnixSignalsSequence(trapping: .sighup))
        let source = plain.definitionSource(files, root: root)
        let definitions = try await plain.definitions(of: source)
        let secrets = KnownSecrets(definitions.masker)
        let context = plain.masking(secrets)
        if watch, definitions.pipelines.isEmpty {
            throw CommandFailure(.usage, "--watch needs definitions: `\(context.application.name) run FILE`")
        }
        if untilIdle, definitions.pipelines.isEmpty {
            throw CommandFailure(.usage, "--until-idle needs pipelines: `\(context.application.name) run FILE`")
        }
        let settings = try EndpointSettings(endpoint, untilIdle: untilIdle, environment: context.console.environment)
        let folder = try context.dataFolder(mayCreate: true)
        let engine = try await context.openToRun(folder.path, clockRate: clockRate)
        let status: ExitStatus
        do {
            let endpoints = try await RunningEndpoints.bind(
                settings, engine: engine.serverEngine, folder: folder.path, logger: context.logger)
            let running = try await engine.start(
                source, definitions.definitions, secrets: secrets, functions: context.application.functions,
                services: endpoints?.services ?? .none, logger: context.logger)
            status = try await serve(running, endpoints, folder.path, until: signals, context)
        } catch {
            await engine.close()
            throw error
        }
        await engine.close()
        if status != .done { throw CommandFailure(status) }
    }

    /// Trapped from the beginning, so that none that comes while the folder is being opened is lost.
    private struct Signals {
        var stop: StopSignals
        var reload: UnixSignalsSequence
    }

    private func serve(
        _ running: RunningPipelines, _ endpoints: RunningEndpoints?, _ folder: String, until signals: Signals,
        _ context: CommandContext
    ) async throws -> ExitStatus {
        let server = try await ControlServer.bind(folder: folder, control: running.control, logger: context.logger)
        let idle = untilIdle ? UntilStill(running, limit: context.timeout) : nil
        // Services end in the reverse order: the socket before the steps, what stores last.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: running.keeper), .init(service: running.archiveKeeper), .init(service: running),
            .init(service: server),
        ]
        if let endpoints { services.append(.init(service: endpoints.server)) }
        services += [
            .init(service: ReloadSignal(signals: signals.reload, pipelines: running)),
            .init(service: signals.stop, successTerminationBehavior: .gracefullyShutdownGroup),
        ]
        #if os(Linux)
            if watch { services.append(.init(service: try DefinitionWatch(running))) }
        #endif
        // Whoever reads it may change files at once.
        endpoints?.setReady(nil)
        context.note(
            Self.firstLine(context.application.name, endpoints?.url, folder, running.definitions.map(\.pipeline)))
        if let instructions = endpoints?.instructions { context.note(instructions) }
        if let idle { services.append(.init(service: idle, successTerminationBehavior: .gracefullyShutdownGroup)) }
        var configuration = ServiceGroupConfiguration(services: services, logger: context.logger)
        configuration.maximumGracefulShutdownDuration = Self.finishing
        configuration.maximumCancellationDuration = Self.ending
        try await ServiceGroup(configuration: configuration).run()
        guard let idle else { return .done }
        return try idle.exitStatus(context)
    }

    static func firstLine(_ name: String, _ url: String?, _ folder: String, _ pipelines: [Pipeline]) -> String {
        let what = pipelines.isEmpty ? "no pipelines; queues only" : pipelines.map(\.name).joined(separator: ", ")
        let place = (url.map { [$0] } ?? []) + [folder]
        return "\(name) \(SluiceVersion.text) · \(place.joined(separator: " · ")) · \(what)"
    }

    /// How long steps may finish what they hold after SIGTERM; then it is cut short and released.
    private static let finishing: Duration = .seconds(20)
    /// How long cancelled work may take to end; then the process ends as after a kill, which loses nothing.
    private static let ending: Duration = .seconds(10)
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
