import Sluice
import SluiceConnectors

/// Runs raw records through today's code, and compares what comes out with what was delivered. Nothing is stored and
/// nothing delivered.
struct ShadowReplay {
    private let pipeline: Pipeline
    private let control: any Control
    private let context: CommandContext
    private let outcomes: RecordOutcomes
    private let compare: ShadowCompare
    private let sink: any RecordSink

    init(_ pipeline: Pipeline, _ control: any Control, _ context: CommandContext) async throws {
        self.pipeline = pipeline
        self.control = control
        self.context = context
        outcomes = try await RecordOutcomes(pipeline, control, context)
        sink = try SinkCatalogue.make(
            pipeline.deliver, pipeline: pipeline.name, folder: "shadow", root: pipeline.root, logger: context.logger)
        let rehearsing = sink as? any RehearsingSink
        compare = ShadowCompare(
            sink: rehearsing?.hasKey == true ? rehearsing : nil, batch: pipeline.deliver.effectiveBatch)
    }

    func close() async { await sink.close() }

    /// Which code is tried; `nil` = the pipeline has no function.
    var version: String? { outcomes.version }

    /// What is compared with, for people.
    var against: String { compare.sink == nil ? "the outputs of the code that ran then" : "the rows in the sink" }

    func run(_ selection: RawCopySelection, _ report: ([ShadowFinding]) -> Void) async throws {
        let records = RawRecords(pipeline: pipeline, control: control, context: context)
        try await records.read(selection) { report(try await findings(of: $0)) }
    }

    /// One finding for each output, and one for each record without.
    private func findings(of records: [ArchivedRecord]) async throws -> [ShadowFinding] {
        let today = try await outcomes.today(records)
        var findings: [ShadowFinding] = []
        var outputs: [ShadowOutput] = []
        var (silent, tried): ([ArchivedRecord], [(ArchivedRecord, [String])]) = ([], [])
        for (record, made) in zip(records, today) {
            switch made {
            case .failed(let reason):
                findings.append(ShadowFinding(verdict: .failed, record: record.label, reason: reason))
            case .outputs(let made):
                tried.append((record, made))
                if made.isEmpty { silent.append(record) }
                outputs += RecordOutcomes.outputs(made, of: record)
            case .unknown: break
            }
        }
        if compare.sink == nil { return try await findings + withFormer(tried) }
        findings += try await compare.withRows(outputs)
        return try await findings + gone(silent)
    }

    /// Records of which today's code makes nothing: does the sink have what the code of then has made of them?
    private func gone(_ records: [ArchivedRecord]) async throws -> [ShadowFinding] {
        guard !records.isEmpty else { return [] }
        let former = try await outcomes.then(records)
        let outputs = try zip(records, former).flatMap { record, made -> [ShadowOutput] in
            if case .outputs(let made) = try known(made, of: record) {
                return RecordOutcomes.outputs(made, of: record)
            }
            return []
        }
        let there = try await compare.rowsThatAreThere(outputs)
        let names = Set(there.map(\.record))
        return there
            + records.filter { !names.contains($0.label) }.map { ShadowFinding(verdict: .same, record: $0.label) }
    }

    /// What today's code made of records, beside what that of then makes.
    private func withFormer(_ tried: [(ArchivedRecord, [String])]) async throws -> [ShadowFinding] {
        let former = try await outcomes.then(tried.map(\.0))
        return try zip(tried, former).flatMap { tried, made -> [ShadowFinding] in
            let (record, today) = tried
            guard case .outputs(let then) = try known(made, of: record) else {
                return today.map {
                    ShadowFinding(verdict: .new, record: record.label, changes: ShadowCompare.changes(nil, $0))
                }
            }
            if today.isEmpty, then.isEmpty { return [ShadowFinding(verdict: .same, record: record.label)] }
            return ShadowCompare.withOutputs(record.label, today: today, former: then)
        }
    }

    /// - Throws: `ControlError.refused` when the code of then is not kept.
    private func known(_ made: Trace.Made, of record: ArchivedRecord) throws -> Trace.Made {
        guard made == .unknown else { return made }
        throw ControlError.refused(
            "code \(outcomes.version(at: record.received) ?? "of then") of '\(pipeline.name)' is not kept, so what it made "
                + "of \(record.label) is not known: a Swift function is not kept, nor a folder of more than 100 MB")
    }
}
