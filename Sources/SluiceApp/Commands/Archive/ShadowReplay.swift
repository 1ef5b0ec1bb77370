import Sluice
import SluiceConnectors
import SluiceFunctions

/// Runs raw records through today's code, and compares what comes out with what was delivered. Nothing is stored and
/// nothing delivered.
struct ShadowReplay {
    let pipeline: Pipeline
    let control: any Control
    let context: CommandContext
    private let compare: ShadowCompare
    private let sink: any RecordSink
    private let versions: [Sluice.CodeVersion]
    private let kept: KeptCode
    /// What would run today; `nil` = the pipeline has no function.
    let version: String?

    init(_ pipeline: Pipeline, _ control: any Control, _ context: CommandContext) async throws {
        self.pipeline = pipeline
        self.control = control
        self.context = context
        kept = KeptCode(folder: try await control.hello().folder)
        versions = try await control.codeVersions(of: pipeline.transformStep)
        version = try pipeline.transform.map { try FunctionAssembly.version(of: $0, in: pipeline) }
        sink = try SinkCatalogue.make(
            pipeline.deliver, pipeline: pipeline.name, folder: "shadow", root: pipeline.root, logger: context.logger)
        let rehearsing = sink as? any RehearsingSink
        compare = ShadowCompare(
            sink: rehearsing?.hasKey == true ? rehearsing : nil, batch: pipeline.deliver.effectiveBatch)
    }

    func close() async { await sink.close() }

    /// - Returns: what was compared with, for people.
    var against: String { compare.sink == nil ? "the outputs of the code that ran then" : "the rows in the sink" }

    func run(_ selection: RawCopySelection, _ report: ([ShadowFinding]) -> Void) async throws {
        let records = RawRecords(pipeline: pipeline, control: control, context: context)
        try await records.read(selection) { report(try await findings(of: $0)) }
    }

    /// One finding for each output, and one for each record without.
    private func findings(of records: [ArchivedRecord]) async throws -> [ShadowFinding] {
        let today = try await outcomes(of: records, pipeline)
        var findings: [ShadowFinding] = []
        var outputs: [ShadowOutput] = []
        var silent: [ArchivedRecord] = []
        for (record, outcome) in zip(records, today) {
            switch outcome {
            case .failed(let reason):
                findings.append(ShadowFinding(verdict: .failed, record: record.label, reason: reason))
            case .made(let made) where made.isEmpty: silent.append(record)
            case .made(let made): outputs += Self.outputs(made, of: record)
            }
        }
        if compare.sink == nil { return try await findings + withFormer(records, today) }
        findings += try await compare.withRows(outputs)
        return try await findings + gone(silent)
    }

    private enum Outcome {
        case made([String])
        case failed(String)
    }

    private func outcomes(of records: [ArchivedRecord], _ pipeline: Pipeline) async throws -> [Outcome] {
        guard pipeline.transform != nil else { return records.map { .made([$0.body.text]) } }
        let trial = try Trial(pipeline, context, judgesDelivery: false)
        let (results, _) = try await trial.run(records.map { Trial.Record(label: $0.label, body: $0.body) })
        return results.map { result in
            if let reason = result.reason { return .failed(reason) }
            return .made(result.outputs ?? [])
        }
    }

    private static func outputs(_ made: [String], of record: ArchivedRecord) -> [ShadowOutput] {
        made.enumerated().map { index, body in
            ShadowOutput(
                record: record.label, identity: record.identity.output(index), givenName: record.name,
                received: record.received, body: body)
        }
    }

    // MARK: The code of then

    /// The version that ran when a record arrived; `nil` = that is not known.
    private func version(at time: Timestamp) -> String? {
        versions.last { $0.since <= time }?.version ?? versions.first?.version
    }

    /// Records of which today's code makes nothing: does the sink have what the code of then has made of them?
    private func gone(_ records: [ArchivedRecord]) async throws -> [ShadowFinding] {
        try await withFormerCode(records) { group, former in
            let outputs = zip(group, former).flatMap { record, outcome -> [ShadowOutput] in
                if case .made(let made) = outcome { return Self.outputs(made, of: record) }
                return []
            }
            let there = try await compare.rowsThatAreThere(outputs)
            let names = Set(there.map(\.record))
            return there
                + group.filter { !names.contains($0.label) }.map { ShadowFinding(verdict: .same, record: $0.label) }
        }
    }

    private func withFormer(_ records: [ArchivedRecord], _ today: [Outcome]) async throws -> [ShadowFinding] {
        let made = Dictionary(
            zip(records, today).map { ($0.identity, $1) }, uniquingKeysWith: { first, _ in first })
        return try await withFormerCode(records) { group, former in
            zip(group, former).flatMap { record, outcome -> [ShadowFinding] in
                guard case .made(let now)? = made[record.identity] else { return [] }
                guard case .made(let then) = outcome else {
                    return now.map {
                        ShadowFinding(
                            verdict: .new, record: record.label, changes: ShadowCompare.changes(nil, $0))
                    }
                }
                if now.isEmpty, then.isEmpty { return [ShadowFinding(verdict: .same, record: record.label)] }
                return ShadowCompare.withOutputs(record.label, today: now, former: then)
            }
        }
    }

    /// Hands on the records that one version made, with what it makes of them.
    private func withFormerCode(
        _ records: [ArchivedRecord],
        _ body: ([ArchivedRecord], [Outcome]) async throws -> [ShadowFinding]
    ) async throws -> [ShadowFinding] {
        var findings: [ShadowFinding] = []
        for (version, group) in Dictionary(grouping: records, by: { version(at: $0.received) }) {
            let former = try former(version)
            findings += try await body(group, outcomes(of: group, former))
        }
        return findings
    }

    /// The pipeline with the code of a version.
    /// - Throws: `ControlError.refused` when that is not kept.
    private func former(_ version: String?) throws -> Pipeline {
        guard let version, version != self.version else { return pipeline }
        guard let former = try kept.pipeline(pipeline, running: version) else {
            throw ControlError.refused(
                "code \(version) of '\(pipeline.name)' is not kept, so what it made of records is not known: a Swift "
                    + "function is not, nor a folder of more than 100 MB")
        }
        return former
    }
}
