import Logging
import ServiceLifecycle
import Sluice
import SluiceConnectors
import SluiceEmbedded

/// Puts the embedded engine, the connectors and the steps together.
struct EmbeddedAssembly: EngineAssembly {
    func open(folder: String, create: Bool, clockRate: Int, logger: Logger) async throws -> any OpenEngine {
        let engine = try await EmbeddedEngine.open(
            folder: folder, create: create, version: SluiceVersion.text, logger: logger,
            makeClock: { SystemClock(notBefore: $0, rate: clockRate) })
        return OpenEmbeddedEngine(engine: engine)
    }

    func check(folder: String, logger: Logger) async throws -> [String] {
        // Opening reads every header and state that is stored, and says what is damaged.
        let engine = try await EmbeddedEngine.open(
            folder: folder, create: false, version: SluiceVersion.text, logger: logger)
        do {
            let report = try await engine.control(registry: nil).status(pipeline: nil)
            await engine.close()
            return report.discrepancies
        } catch {
            await engine.close()
            throw error
        }
    }
}

private struct OpenEmbeddedEngine: OpenEngine {
    let engine: EmbeddedEngine

    var control: any Control { engine.control(registry: nil) }

    func close() async { await engine.close() }

    func start(_ pipelines: [Pipeline], functions: [Function], logger: Logger) async throws -> RunningPipelines {
        try await engine.apply(pipelines)
        let registry = StepRegistry()
        let keeper = PauseKeeper(engine: engine, logger: logger)
        let builder = StepBuilder(
            engine: engine, functions: functions, version: BuildID.ofThisExecutable, keeper: keeper, logger: logger)
        var transforms: [any Service] = []
        var deliveries: [any Service] = []
        var stages: [Stillness.Stage] = []
        var sinks: [any RecordSink] = []
        for pipeline in pipelines {
            let delivery = try await builder.delivery(of: pipeline)
            let transform = try await builder.transform(of: pipeline)
            for control in [transform.control, delivery.control] { registry.register(control) }
            stages += [transform.stage, delivery.stage]
            transforms.append(transform.loop)
            deliveries += [delivery.loop, BreakerKeeper(engine: engine, control: delivery.control)] as [any Service]
            sinks.append(delivery.sink)
        }
        let stillness = Stillness(engine: engine, stages: stages)
        let opened = sinks
        return RunningPipelines(
            control: engine.control(registry: registry), waitUntilStill: { try await stillness.wait() },
            services: [keeper] + deliveries + transforms,
            finish: { for sink in opened { await sink.close() } })
    }
}
