import Logging
import ServiceLifecycle
import Sluice
import SluiceConnectors
import SluiceEmbedded
import SluiceFunctions

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
}

private struct OpenEmbeddedEngine: OpenEngine {
    let engine: EmbeddedEngine
    let folder: String

    var control: any Control { engine.control(registry: nil) }

    func start(_ pipelines: [Pipeline], functions: [Function], logger: Logger) async throws -> RunningPipelines {
        try await engine.apply(pipelines)
        let registry = StepRegistry()
        let keeper = StandstillKeeper(engine: engine, logger: logger)
        let sandboxes = Sandboxes(
            folder: "\(folder)/tmp", owner: engine.folderID, limits: .detect(), logger: logger)
        var services: [any Service] = [keeper]
        for pipeline in pipelines {
            let parts = PipelineAssembly(
                pipeline: pipeline, functions: functions, engine: engine, folder: folder, sandboxes: sandboxes,
                registry: registry, keeper: keeper, logger: logger)
            // The delivery ends last: what the transform still passes on finds it there.
            services += [try await parts.delivery(), try await parts.transform()]
        }
        let (engine, names) = (engine, pipelines.map(\.name))
        return RunningPipelines(
            control: engine.control(registry: registry),
            waitUntilStill: { try await engine.waitUntilStill(names, registry: registry) }, services: services)
    }

    func close() async { await engine.close() }
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
    let logger: Logger

    func transform() async throws -> any Service {
        let behind = engine.queue(named: pipeline.deliveryQueue)
        guard let transform = pipeline.transform else {
            let control = try await control(pipeline.transformStep, version: nil, downstream: behind)
            let plan = StepLoop.Plan(concurrency: 1, batch: 1_000, ordered: pipeline.queue.type == .fifo)
            return loop(PassThroughStep(pipeline), from: pipeline.intakeQueue, control, plan)
        }
        let function = try FunctionAssembly(
            transform, of: pipeline, functions: functions, scratch: "\(folder)/functions/\(pipeline.name)",
            sandboxes: sandboxes, logger: logger)
        let control = try await control(pipeline.transformStep, version: function.version, downstream: behind)
        let step = try TransformStep(
            transform, of: pipeline, function: function.invoker, version: function.version, control: control,
            clock: engine.clock, logger: logger)
        let plan = StepLoop.Plan(
            concurrency: transform.concurrency, batch: transform.batch, batchWindow: transform.batchWindow,
            ordered: pipeline.queue.type == .fifo)
        return StepService(loop: loop(step, from: pipeline.intakeQueue, control, plan)) {
            await function.invoker.close()
        }
    }

    func delivery() async throws -> any Service {
        let deliver = pipeline.deliver
        let sink = try SinkCatalogue.make(
            deliver, pipeline: pipeline.name, folder: engine.folderID, root: pipeline.root,
            logger: logger)
        let control = try await control(
            pipeline.deliveryStep, version: nil, breaker: deliver.breaker, rate: deliver.rate)
        let step = try DeliveryStep(
            pipeline, sink: sink, control: control, clock: engine.clock, logger: logger)
        let plan = StepLoop.Plan(
            concurrency: deliver.concurrency, batch: deliver.batch, batchWindow: deliver.batchWindow,
            ordered: pipeline.queue.type == .fifo)
        return StepService(loop: loop(step, from: pipeline.deliveryQueue, control, plan)) { await sink.close() }
    }

    private func loop(
        _ step: any Step, from queue: String, _ control: StepControl, _ plan: StepLoop.Plan
    ) -> StepLoop {
        StepLoop(
            step, from: engine.queue(named: queue), settler: engine.settler, control: control, plan: plan,
            clock: engine.clock, logger: logger)
    }

    private func control(
        _ step: StepName, version: String?, breaker: BreakerPlan? = nil, rate: Rate? = nil,
        downstream: (any BoundedQueue)? = nil
    ) async throws -> StepControl {
        let keeper = keeper
        try await engine.note(version: version, of: step)
        let control = StepControl(
            name: step, version: version, breaker: breaker, rate: rate, downstream: downstream,
            paused: try await engine.pause(of: step), clock: engine.clock, logger: logger,
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
