import Logging
import ServiceLifecycle
import Sluice
import SluiceConnectors
import SluiceEmbedded
import SluiceFunctions
import Synchronization

/// Puts the embedded engine, the connectors and the steps together: the only file of the commands that knows them.
struct EmbeddedAssembly: EngineAssembly {
    func open(folder: String, create: Bool, clockRate: Int, logger: Logger) async throws -> any OpenEngine {
        let engine = try await EmbeddedEngine.open(
            folder: folder, create: create, version: SluiceVersion.text, logger: logger
        ) { SystemClock(notBefore: $0, rate: clockRate) }
        return OpenEmbeddedEngine(engine: engine, folder: folder)
    }

    func check(folder: String, logger: Logger) async throws -> [String] {
        try await DataCheck.problems(inFolder: folder, logger: logger)
    }

    func probeSink(of pipeline: Pipeline, logger: Logger) async throws -> SinkError? {
        let sink = try SinkCatalogue.make(
            pipeline.deliver, pipeline: pipeline.name, folder: "", root: pipeline.root, logger: logger)
        let problem: SinkError?
        do throws(SinkError) {
            try await sink.probe()
            problem = nil
        } catch {
            problem = error
        }
        await sink.close()
        return problem
    }

    func upgrade(folder: String) throws -> [String] { try DataUpgrade.run(inFolder: folder) }

    func logs(folder: String) -> any LogStore { EmbeddedLogs(folder: folder) }
}

private final class OpenEmbeddedEngine: OpenEngine {
    let engine: EmbeddedEngine
    let folder: String
    /// Since pipelines run.
    private let logs = Mutex<LogWriter?>(nil)

    init(engine: EmbeddedEngine, folder: String) {
        self.engine = engine
        self.folder = folder
    }

    var control: any Control { engine.control(registry: nil) }

    func start(
        _ pipelines: [Pipeline], functions: [Function], secrets: Secrets, logger: Logger
    ) async throws -> RunningPipelines {
        try await engine.apply(pipelines)
        let logs = startLogs(masking: secrets, logger)
        let registry = StepRegistry()
        let keeper = StandstillKeeper(engine: engine, logger: logger)
        let sandboxes = Sandboxes(
            folder: "\(folder)/tmp", owner: engine.folderID, limits: .detect(), logger: logger)
        var services: [any Service] = [keeper]
        for pipeline in pipelines {
            logs.keep(pipeline.logs, of: pipeline.name)
            let parts = PipelineAssembly(
                pipeline: pipeline, functions: functions, engine: engine, folder: folder, sandboxes: sandboxes,
                registry: registry, keeper: keeper, logs: logs, logger: logger)
            // The delivery ends last: what the transform still passes on finds it there.
            services += [try await parts.delivery(), try await parts.transform()]
        }
        let (engine, names) = (engine, pipelines.map(\.name))
        return RunningPipelines(
            control: engine.control(registry: registry),
            waitUntilStill: { try await engine.waitUntilStill(names, registry: registry) }, services: services)
    }

    private func startLogs(masking secrets: Secrets, _ logger: Logger) -> LogWriter {
        let writer = LogWriter.start(folder: folder, clock: engine.clock, logger: logger, secrets: secrets)
        logs.withLock { $0 = writer }
        return writer
    }

    func close() async {
        // What steps and functions said last is written before the folder is let go.
        await logs.withLock { $0 }?.close()
        await engine.close()
    }
}

/// The two steps of one pipeline, from their definition.
private struct PipelineAssembly {
    let pipeline: Pipeline
    let functions: [Function]
    let engine: EmbeddedEngine
    /// The data folder.
    let folder: String
    let sandboxes: Sandboxes
    let registry: StepRegistry
    let keeper: StandstillKeeper
    let logs: LogWriter
    let logger: Logger

    func transform() async throws -> any Service {
        let behind = engine.queue(named: pipeline.deliveryQueue)
        guard let transform = pipeline.transform else {
            let log = log(of: pipeline.transformStep)
            let control = try await control(log, version: nil, downstream: behind)
            let plan = StepLoop.Plan(
                concurrency: 1, batch: 1_000, ordered: pipeline.queue.type == .fifo,
                maxReceiveCount: pipeline.intakeSettings.maxReceiveCount)
            return loop(PassThroughStep(pipeline), from: pipeline.intakeQueue, control, plan, log)
        }
        let log = log(of: pipeline.transformStep)
        let function = try FunctionAssembly(
            transform, of: pipeline, functions: functions, scratch: "\(folder)/functions/\(pipeline.name)",
            sandboxes: sandboxes, logger: logger, log: log)
        let control = try await control(log, version: function.version, downstream: behind)
        let step = try TransformStep(
            transform, of: pipeline, function: function.invoker, version: function.version, control: control,
            clock: engine.clock, logger: log.logger(beside: logger))
        let plan = StepLoop.Plan(
            concurrency: transform.concurrency, batch: transform.batch, batchWindow: transform.batchWindow,
            ordered: pipeline.queue.type == .fifo, maxReceiveCount: pipeline.intakeSettings.maxReceiveCount)
        return StepService(loop: loop(step, from: pipeline.intakeQueue, control, plan, log)) {
            await function.invoker.close()
        }
    }

    func delivery() async throws -> any Service {
        let deliver = pipeline.deliver
        let log = log(of: pipeline.deliveryStep)
        let logger = log.logger(beside: logger)
        let sink = try SinkCatalogue.make(
            deliver, pipeline: pipeline.name, folder: engine.folderID, root: pipeline.root,
            logger: logger)
        let control = try await control(
            log, version: nil, breaker: deliver.breaker, rate: deliver.rate)
        let step = try DeliveryStep(
            pipeline, sink: sink, control: control, clock: engine.clock, logger: logger)
        let plan = StepLoop.Plan(
            concurrency: deliver.concurrency, batch: deliver.batch, batchWindow: deliver.batchWindow,
            ordered: pipeline.queue.type == .fifo, maxReceiveCount: pipeline.deliverySettings.maxReceiveCount)
        return StepService(loop: loop(step, from: pipeline.deliveryQueue, control, plan, log)) { await sink.close() }
    }

    private func loop(
        _ step: any Step, from queue: String, _ control: StepControl, _ plan: StepLoop.Plan, _ log: StepLog
    ) -> StepLoop {
        StepLoop(
            step, from: engine.queue(named: queue), settler: engine.settler, control: control, plan: plan,
            clock: engine.clock, logger: log.logger(beside: logger), log: log)
    }

    private func log(of step: StepName) -> StepLog {
        StepLog(
            step, sink: logs, clock: engine.clock, level: pipeline.logs.level.loggerLevel,
            stream: LogStream.name(version: step.step, at: engine.clock.now))
    }

    private func control(
        _ log: StepLog, version: String?, breaker: BreakerPlan? = nil, rate: Rate? = nil,
        downstream: (any BoundedQueue)? = nil
    ) async throws -> StepControl {
        let (keeper, step) = (keeper, log.name)
        try await engine.note(version: version, of: step)
        let control = StepControl(
            name: step, version: version, breaker: breaker, rate: rate, downstream: downstream,
            paused: try await engine.pause(of: step), clock: engine.clock, logger: log.logger(beside: logger),
            pauseChanged: { keeper.note(.pause($1), of: $0) },
            breakerChanged: { keeper.note(.breaker(isOpen: $1), of: $0) })
        registry.register(control)
        return control
    }
}

/// The loop of a step, and what it uses: closed when the loop has ended.
private struct StepService: Service {
    let loop: any Service
    let close: @Sendable () async -> Void

    init(loop: any Service, close: @escaping @Sendable () async -> Void) {
        self.loop = loop
        self.close = close
    }

    func run() async throws {
        do {
            try await loop.run()
        } catch {
            await close()
            throw error
        }
        await close()
    }
}
