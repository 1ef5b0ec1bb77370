import Foundation
import Sluice
import SluiceConnectors

/// What the sink of a pipeline would say to the outputs of a trial: they are written to a database of its own that is
/// thrown away. It has the keys and columns of the definition, and not those of a table that is there already.
struct TrialDelivery {
    private let sink: any RecordSink
    private let step: DeliveryStep
    /// Outputs of one transaction.
    private let batch: Int

    /// - Returns: `nil` for a sink that cannot be tried here.
    /// - Throws: `ControlError.failed` when the folder cannot be made; what is wrong with the delivery.
    init?(_ pipeline: Pipeline, folder: String, _ context: CommandContext) throws {
        guard case .sqlite = pipeline.deliver.to else { return nil }
        var pipeline = pipeline
        pipeline.deliver.to = .sqlite("\(folder)/try.db")
        pipeline.deliver.create = true
        // A table that is there may have more columns than the records before had.
        if pipeline.deliver.unknown == .reject { pipeline.deliver.unknown = .add }
        // Every record is judged, also behind one of its group that fails.
        pipeline.queue.type = .standard
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw ControlError.failed("the folder '\(folder)' cannot be made: \(error.localizedDescription)")
        }
        batch = pipeline.deliver.effectiveBatch
        sink = try SinkCatalogue.make(
            pipeline.deliver, pipeline: pipeline.name, folder: "try", root: nil, logger: context.logger)
        let control = StepControl(
            name: pipeline.deliveryStep, clock: SystemClock(), logger: context.logger, masking: context.mask)
        step = try DeliveryStep(
            pipeline, sink: sink, control: control, clock: SystemClock(), logger: context.logger)
    }

    func close() async { await sink.close() }

    /// - Parameter decided: which of the results has which disposition of the transform.
    /// - Returns: the results, where those with an output that the sink would not take have its reason.
    func judged(
        _ results: [Trial.Result], _ decided: some Sequence<(Int, Disposition)>
    ) async throws -> [Trial.Result] {
        var (owners, messages): ([Int], [ReceivedMessage]) = ([], [])
        for (index, disposition) in decided {
            guard case .passed(let outputs) = disposition else { continue }
            for output in outputs {
                owners.append(index)
                messages.append(Self.message(of: output))
            }
        }
        var dispositions: [Disposition] = []
        for start in stride(from: 0, to: messages.count, by: batch) {
            dispositions += await step.process(Array(messages[start..<min(start + batch, messages.count)]))
        }
        var results = results
        for (index, disposition) in zip(owners, dispositions) where results[index].reason == nil {
            guard let failure = disposition.failure else { continue }
            if case .dead = disposition { results[index].outcome = "dead" } else { results[index].outcome = "retry" }
            results[index].reason = failure.reason
            results[index].type = failure.type
            results[index].step = step.name.step
        }
        return results
    }

    private static func message(of output: Outgoing) -> ReceivedMessage {
        var generator = SystemRandomNumberGenerator()
        let id = MessageID.random(using: &generator)
        return ReceivedMessage(
            id: id, body: output.body, receipt: ReceiptHandle(message: id, generation: 1), receiveCount: 1,
            sent: .wall, lineage: output.lineage)
    }
}
