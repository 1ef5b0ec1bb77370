import Logging
import ServiceLifecycle
import Sluice
import SluiceConnectors
import SluiceEmbedded
import SluiceFunctions

/// Puts the embedded engine, the connectors and the steps of pipelines together.
struct PipelineFactory {
    let engine: EmbeddedEngine
    /// The data folder.
    let folder: String
    let functions: [Function]
    /// Where the processes of functions live.
    let sandboxes: Sandboxes
    /// What functions are told of the services around them.
    let services: FunctionServices
    let registry: StepRegistry
    let keeper: StandstillKeeper
    let logs: LogWriter
    let secrets: KnownSecrets
    let logger: Logger

    /// What a pipeline needs of the machine, before anything of it runs.
    struct Parts: Sendable {
        let function: FunctionAssembly?
        let sink: any RecordSink

        func close() async {
            await function?.invoker.close()
            await sink.close()
        }
    }

    /// Which code the pipeline would run now; `nil` = it has no function.
    func version(of pipeline: Pipeline) throws -> String? {
        try pipeline.transform.map { try FunctionAssembly.version(of: $0, in: pipeline) }
    }

    /// - Throws: `ControlError.refused` when the function, its code or what runs it is not there.
    func parts(of pipeline: Pipeline) throws -> Parts {
        let sink = try SinkCatalogue.make(
            pipeline.deliver, pipeline: pipeline.name, folder: engine.folderID, root: pipeline.root,
            logger: log(of: pipeline.deliveryStep, in: pipeline).logger(beside: logger))
        let function = try pipeline.transform.map { transform in
            try FunctionAssembly(
                transform, of: pipeline, functions: functions, scratch: "\(folder)/functions/\(pipeline.name)",
                sandboxes: sandboxes, services: services, logger: logger,
                log: log(of: pipeline.transformStep, in: pipeline))
        }
        return Parts(function: function, sink: sink)
    }

    /// What the lines of one of its steps are kept in.
    func log(of step: StepName, in pipeline: Pipeline) -> StepLog {
        StepLog(
            step, sink: logs, clock: engine.clock, level: pipeline.logs.level.loggerLevel,
            stream: LogStream.name(version: step.step, at: engine.clock.now))
    }

    /// The loops of the steps, in the order in which they start. The queues are there by now.
    /// - Parameter startsAnew: a pause that failed starts have made ends, whatever was changed.
    func services(of pipeline: Pipeline, _ parts: Parts, startsAnew: Bool) async throws -> [any Service] {
        logs.keep(pipeline.logs, of: pipeline.name)
        let assembly = StepAssembly(factory: self, pipeline: pipeline, startsAnew: startsAnew)
        // The delivery ends last: what the transform still passes on finds it there.
        let steps = [try await assembly.delivery(parts.sink), try await assembly.transform(parts.function)]
        return pipeline.objectsQueue == nil ? steps : steps + [try await assembly.split()]
    }
}

/// The steps of one pipeline, from their definition.
private struct StepAssembly {
    let factory: PipelineFactory
    let pipeline: Pipeline
    let startsAnew: Bool

    private var engine: EmbeddedEngine { factory.engine }
    private func log(of step: StepName) -> StepLog { factory.log(of: step, in: pipeline) }

    func split() async throws -> any Service {
        let intake = engine.queue(named: pipeline.intakeQueue)
        let log = log(of: pipeline.splitStep)
        let control = try await control(log, version: nil, downstream: intake)
        let step = try SplitStep(
            pipeline, into: intake, opener: ObjectFiles(engine: engine, pipeline: pipeline),
            control: control, clock: engine.clock)
        let isOrdered = pipeline.queue.type == .fifo
        let plan = StepLoop.Plan(
            concurrency: isOrdered ? 1 : Self.objectsAtOnce, batch: 1, ordered: isOrdered,
            maxReceiveCount: pipeline.intakeSettings.maxReceiveCount)
        return StepService(loop: loop(step, from: pipeline.objectsQueue ?? "", control, plan, log)) {
            await step.close()
        }
    }

    /// Objects of a standard pipeline that are read side by side.
    private static let objectsAtOnce = 4

    func transform(_ function: FunctionAssembly?) async throws -> any Service {
        let behind = engine.queue(named: pipeline.deliveryQueue)
        let log = log(of: pipeline.transformStep)
        guard let transform = pipeline.transform, let function else {
            let control = try await control(log, version: nil, downstream: behind)
            let plan = StepLoop.Plan(
                concurrency: 1, batch: 1_000, ordered: pipeline.queue.type == .fifo,
                maxReceiveCount: pipeline.intakeSettings.maxReceiveCount)
            return loop(PassThroughStep(pipeline), from: pipeline.intakeQueue, control, plan, log)
        }
        keep(function.version, transform)
        let control = try await control(log, version: function.version, downstream: behind)
        let step = try TransformStep(
            transform, of: pipeline, function: function.invoker, version: function.version, control: control,
            clock: engine.clock, logger: log.logger(beside: factory.logger))
        let plan = StepLoop.Plan(
            concurrency: transform.concurrency, batch: transform.batch, batchWindow: transform.batchWindow,
            ordered: pipeline.queue.type == .fifo, maxReceiveCount: pipeline.intakeSettings.maxReceiveCount,
            executor: function.invoker.executor)
        return StepService(loop: loop(step, from: pipeline.intakeQueue, control, plan, log)) {
            await function.invoker.close()
        }
    }

    /// So that what records were made with can be run again. Nothing depends on it.
    private func keep(_ version: String, _ transform: Transform) {
        do {
            if let reason = try KeptCode(folder: factory.folder).keep(version, transform, of: pipeline) {
                factory.logger.debug("The code is not kept", metadata: ["code": "\(version)", "reason": "\(reason)"])
            }
        } catch {
            factory.logger.warning(
                "The code is not kept: `trace` and `replay --shadow` cannot run it later",
                metadata: ["code": "\(version)", "error": "\(error)"])
        }
    }

    func delivery(_ sink: any RecordSink) async throws -> any Service {
        let deliver = pipeline.deliver
        let log = log(of: pipeline.deliveryStep)
        let control = try await control(log, version: nil, breaker: deliver.breaker, rate: deliver.rate)
        let step = try DeliveryStep(
            pipeline, sink: sink, control: control, clock: engine.clock, logger: log.logger(beside: factory.logger))
        let plan = StepLoop.Plan(
            concurrency: deliver.concurrency, batch: deliver.effectiveBatch, batchWindow: deliver.batchWindow,
            ordered: pipeline.queue.type == .fifo, maxReceiveCount: pipeline.deliverySettings.maxReceiveCount)
        return StepService(loop: loop(step, from: pipeline.deliveryQueue, control, plan, log)) { await sink.close() }
    }

    private func loop(
        _ step: any Step, from queue: String, _ control: StepControl, _ plan: StepLoop.Plan, _ log: StepLog
    ) -> StepLoop {
        StepLoop(
            step, from: engine.queue(named: queue), settler: engine.settler, control: control, plan: plan,
            clock: engine.clock, logger: log.logger(beside: factory.logger), log: log)
    }

    private func control(
        _ log: StepLog, version: String?, breaker: BreakerPlan? = nil, rate: Rate? = nil,
        downstream: (any BoundedQueue)? = nil
    ) async throws -> StepControl {
        let (keeper, secrets, step) = (factory.keeper, factory.secrets, log.name)
        try await engine.note(version: version, of: step)
        let control = StepControl(
            name: step, version: version, breaker: breaker, rate: rate, downstream: downstream,
            paused: try await pause(of: step, running: version), clock: engine.clock,
            logger: log.logger(beside: factory.logger), masking: { secrets.mask($0) },
            pauseChanged: { keeper.note(.pause($1), of: $0) },
            breakerChanged: { keeper.note(.breaker(isOpen: $1), of: $0) })
        factory.registry.register(control)
        try await catchUp(control)
        return control
    }

    /// Who has paused or resumed the step before it was registered is found in the store.
    private func catchUp(_ control: StepControl) async throws {
        switch (try await engine.pause(of: control.name), control.paused) {
        case (let pause?, nil): control.pause(reason: pause.reason)
        case (nil, _?): control.resume()
        case (nil, nil), (_?, _?): break
        }
    }

    /// The pause that was left for a step. One that code made which could not be started is over with other code.
    private func pause(of step: StepName, running version: String?) async throws -> StepControl.Pause? {
        guard let pause = try await engine.pause(of: step) else { return nil }
        guard let broken = pause.brokenCode, startsAnew || broken != version else { return pause }
        try await engine.keep(nil, of: step)
        factory.logger.notice(
            "The step's pause is over: its function is started anew",
            metadata: ["step": "\(step)", "code": "\(version ?? "none")", "failed": "\(broken)"])
        return nil
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
