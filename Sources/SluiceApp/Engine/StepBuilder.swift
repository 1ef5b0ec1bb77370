import Logging
import Sluice
import SluiceConnectors
import SluiceEmbedded

/// Makes the steps of a pipeline, each with its control and its loop.
struct StepBuilder: Sendable {
    struct TransformParts {
        var control: StepControl
        var loop: StepLoop
        var stage: Stillness.Stage
    }

    struct DeliveryParts {
        var control: StepControl
        var loop: StepLoop
        var stage: Stillness.Stage
        var sink: any RecordSink
    }

    let engine: EmbeddedEngine
    let functions: [Function]
    /// Which code runs: the executable's build id.
    let version: String?
    let keeper: PauseKeeper
    let logger: Logger

    /// - Throws: `ControlError.refused` when the definition names a function that is not there, or a rule of
    ///   `errors:` that cannot be used.
    func transform(of pipeline: Pipeline) async throws -> TransformParts {
        let delivery = engine.queue(named: pipeline.deliveryQueue)
        let control = try await control(
            pipeline.transformStep, version: pipeline.transform == nil ? nil : version, downstream: delivery)
        let step = try transformStep(of: pipeline, control)
        let plan = StepLoop.Plan(
            concurrency: pipeline.transform?.concurrency ?? 1, batch: pipeline.transform?.batch ?? Self.passingBatch,
            batchWindow: pipeline.transform?.batchWindow ?? .zero, ordered: pipeline.queue.type == .fifo)
        return TransformParts(
            control: control, loop: loop(step, from: pipeline.intakeQueue, control, plan),
            stage: Stillness.Stage(
                control: control, queue: pipeline.intakeQueue, downstream: pipeline.deliveryQueue))
    }

    /// Records of one settlement where there is no function to call.
    private static let passingBatch = 1_000

    private func transformStep(of pipeline: Pipeline, _ control: StepControl) throws -> any Step {
        guard let transform = pipeline.transform else { return PassThroughStep(pipeline) }
        guard let function = functions.first(where: { $0.name == transform.function }) else {
            throw ControlError.refused("pipeline \(pipeline.name): there is no function '\(transform.function)'")
        }
        do {
            return try TransformStep(
                transform, of: pipeline, function: function, host: FunctionHost(name: pipeline.name, logger: logger),
                version: version, control: control, clock: engine.clock, logger: logger)
        } catch {
            throw ControlError.refused("pipeline \(pipeline.name): transform.errors: \(error)")
        }
    }

    /// - Throws: `ControlError.refused` for a sink or a rule of `errors:` that cannot be used.
    func delivery(of pipeline: Pipeline) async throws -> DeliveryParts {
        let deliver = pipeline.deliver
        let control = try await control(pipeline.deliveryStep, breaker: deliver.breaker, rate: deliver.rate)
        let sink: any RecordSink
        do {
            sink = try SinkCatalogue.make(
                deliver, pipeline: pipeline.name, folder: engine.folderID, root: pipeline.root)
        } catch {
            throw ControlError.refused("pipeline \(pipeline.name): \(error)")
        }
        let step: DeliveryStep
        do {
            step = try DeliveryStep(pipeline, sink: sink, control: control, clock: engine.clock, logger: logger)
        } catch {
            throw ControlError.refused("pipeline \(pipeline.name): deliver.errors: \(error)")
        }
        let plan = StepLoop.Plan(
            concurrency: deliver.concurrency, batch: deliver.batch, batchWindow: deliver.batchWindow,
            ordered: pipeline.queue.type == .fifo)
        return DeliveryParts(
            control: control, loop: loop(step, from: pipeline.deliveryQueue, control, plan),
            stage: Stillness.Stage(control: control, queue: pipeline.deliveryQueue, downstream: nil), sink: sink)
    }

    private func control(
        _ name: StepName, version: String? = nil, breaker: BreakerPlan? = nil, rate: Rate? = nil,
        downstream: (any BoundedQueue)? = nil
    ) async throws -> StepControl {
        let keeper = keeper
        return StepControl(
            name: name, version: version, breaker: breaker, rate: rate, downstream: downstream,
            paused: try await engine.pause(of: name), clock: engine.clock, logger: logger,
            pauseChanged: { keeper.note($1, of: $0) })
    }

    private func loop(_ step: any Step, from queue: String, _ control: StepControl, _ plan: StepLoop.Plan) -> StepLoop {
        StepLoop(
            step, from: engine.queue(named: queue), settler: engine.settler, control: control, plan: plan,
            clock: engine.clock, logger: logger)
    }
}
