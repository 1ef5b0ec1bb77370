import Sluice
import SluiceFunctions

/// What today's code, and the code that ran when a record arrived, make of raw records.
struct RecordOutcomes {
    let pipeline: Pipeline
    private let context: CommandContext
    private let versions: [Sluice.CodeVersion]
    private let kept: KeptCode
    /// What would run today; `nil` = the pipeline has no function.
    let version: String?

    init(_ pipeline: Pipeline, _ control: any Control, _ context: CommandContext) async throws {
        self.pipeline = pipeline
        self.context = context
        kept = KeptCode(folder: try await control.hello().folder)
        versions = try await control.codeVersions(of: pipeline.transformStep)
        version = try pipeline.transform.map { try FunctionAssembly.version(of: $0, in: pipeline) }
    }

    /// The version that ran when a record arrived; `nil` = that is not known.
    func version(at time: Timestamp) -> String? {
        versions.last { $0.since <= time }?.version ?? versions.first?.version
    }

    func today(_ records: [ArchivedRecord]) async throws -> [Trace.Made] { try await run(records, pipeline) }

    /// In the order of the records; `unknown` where that code is not kept.
    func then(_ records: [ArchivedRecord]) async throws -> [Trace.Made] {
        var made = Array(repeating: Trace.Made.unknown, count: records.count)
        for (version, places) in Dictionary(grouping: records.indices, by: { version(at: records[$0].received) }) {
            let results = try await then(places.map { records[$0] }, version: version)
            for (place, result) in zip(places, results) { made[place] = result }
        }
        return made
    }

    func then(_ records: [ArchivedRecord], version: String?) async throws -> [Trace.Made] {
        guard let former = try former(version) else { return records.map { _ in .unknown } }
        return try await run(records, former)
    }

    /// The pipeline with the code of a version; `nil` = it is not kept.
    private func former(_ version: String?) throws -> Pipeline? {
        guard let version, version != self.version else { return pipeline }
        return try kept.pipeline(pipeline, running: version)
    }

    private func run(_ records: [ArchivedRecord], _ pipeline: Pipeline) async throws -> [Trace.Made] {
        guard pipeline.transform != nil else { return records.map { .outputs([$0.body.text]) } }
        let trial = try Trial(pipeline, context, isForComparison: true)
        let (results, _) = try await trial.run(records.map { Trial.Record(label: $0.label, body: $0.body) })
        return results.map { result in
            if let reason = result.reason { return .failed(reason) }
            return .outputs(result.outputs ?? [])
        }
    }

    static func outputs(_ made: [String], of record: ArchivedRecord) -> [ShadowOutput] {
        made.enumerated().map { index, body in
            ShadowOutput(
                record: record.label, identity: record.identity.output(index), givenName: record.name,
                received: record.received, body: body)
        }
    }
}
