import Sluice
import SluiceConnectors
import SluiceFunctions

/// What is known of one record: how it arrived, what was made of it, and where that is.
struct Trace: Sendable {
    /// What a function, or none, makes of the raw record.
    enum Made: Sendable, Hashable {
        case outputs([String])
        case failed(String)
        /// That code is not kept.
        case unknown
    }

    /// What today's output would be in the sink, beside what is there.
    struct Row: Sendable {
        var row: SinkRow?
        /// What today's code would change.
        var today: ShadowFinding
        /// What the code of then would change; `nil` = not known.
        var then: ShadowFinding?
    }

    var record: ArchivedRecord
    /// When its raw copy is deleted; of a record of an object it is that of the object, if it is not in its bucket.
    var expires: Timestamp?
    var places: [RecordPlace]
    /// The versions of then and of today; `nil` = there is no function.
    var versionThen: String?
    var versionToday: String?
    var then: Made
    var today: Made
    /// `nil` = the sink has no rows that are found by a key.
    var rows: [Row]?

    // MARK: The verdict

    /// Upstream or us.
    var verdict: String {
        if let place = places.first(where: { $0.failure != nil }), let failure = place.failure {
            return verdict(dead: failure)
        }
        if let place = places.first {
            return "not decided yet: it waits in \(place.queue)"
        }
        switch today {
        case .failed(let reason):
            return "today's code does not take it: \(reason)" + (then == today ? "" : "; the code of then did")
        case .outputs(let outputs) where outputs.isEmpty:
            return then == today || then == .unknown
                ? "our step leaves it out on purpose: the function makes nothing of it"
                : "our step: the code of then made something of it, and today's makes nothing"
        case .outputs, .unknown: break
        }
        guard let rows else { return verdictOfOutputs }
        return verdict(rows)
    }

    private func verdict(dead failure: Failure) -> String {
        switch today {
        case .outputs: "it is dead (\(failure.reason)), and today's code takes it: redrive it"
        case .failed(let reason): "our step refuses what upstream sent: \(reason)"
        case .unknown: "it is dead: \(failure.reason)"
        }
    }

    private var verdictOfOutputs: String {
        switch then {
        case .unknown: "what the code of then made of it is not known; today's code makes this of what upstream sent"
        case today: "upstream sent it so: the code of then and today's make the same of it"
        case .outputs, .failed: "our step: today's code makes something else of it than the code of then"
        }
    }

    private func verdict(_ rows: [Row]) -> String {
        if rows.allSatisfy({ $0.row == nil }), then == .outputs([]) {
            return "our step: the code of then left it out, and today's makes a row of it; replay it"
        }
        if rows.contains(where: { $0.row == nil }) {
            return "it is not in the sink: somebody has taken it out there, or it was delivered under another key"
        }
        if rows.allSatisfy({ $0.today.verdict == .same }) {
            return "upstream sent it so: the row is what today's code makes of it"
        }
        if rows.allSatisfy({ $0.then?.verdict == .same }) {
            return
                "our step: code \(versionThen ?? "of then") made the row, and today's code makes another one; replay it"
        }
        if rows.contains(where: { $0.today.verdict == .failed }) {
            return "the sink would not take it today: \(rows.compactMap(\.today.reason).first ?? "")"
        }
        return "neither: the row was changed since, by somebody else or by another record with its key"
    }
}

/// Finds records, and puts together what is known of them.
struct Tracer {
    private let pipeline: Pipeline
    private let control: any Control
    private let context: CommandContext
    private let outcomes: RecordOutcomes
    private let sink: any RecordSink
    private let rows: (any RehearsingSink)?

    init(_ pipeline: Pipeline, _ control: any Control, _ context: CommandContext) async throws {
        self.pipeline = pipeline
        self.control = control
        self.context = context
        outcomes = try await RecordOutcomes(pipeline, control, context)
        sink = try SinkCatalogue.make(
            pipeline.deliver, pipeline: pipeline.name, folder: "trace", root: pipeline.root, logger: context.logger)
        let rehearsing = sink as? any RehearsingSink
        rows = rehearsing?.hasKey == true ? rehearsing : nil
    }

    func close() async { await sink.close() }

    /// The records of this identity, or of this name.
    func records(called text: String) async throws -> [ArchivedRecord] {
        let identity = RecordIdentity(text)
        var found: [ArchivedRecord] = []
        if case .named = identity.origin {
        } else {
            found = try await all(RawCopySelection(pipeline: pipeline.name, identity: identity))
        }
        if found.isEmpty { found = try await all(RawCopySelection(pipeline: pipeline.name, name: text)) }
        guard identity.replay > 0 else { return found }
        // The raw record is the same, what waits is not.
        return found.map { record in
            var replayed = record
            replayed.identity = record.identity.replayed(by: identity.replay)
            return replayed
        }
    }

    /// Where something of this identity waits that is no record: what Split could not read.
    func places(called text: String) async throws -> [RecordPlace] {
        try await control.places(of: RecordIdentity(text), in: pipeline.name)
    }

    /// The records of which today's code, or that of then, makes a row with this value.
    func records(making column: String, _ value: String) async throws -> [ArchivedRecord] {
        // The value mostly stands in the raw record as it is; where it does not, all have to be run.
        for text in [value, nil] {
            var found: [ArchivedRecord] = []
            let raw = RawRecords(pipeline: pipeline, control: control, context: context)
            try await raw.read(RawCopySelection(pipeline: pipeline.name, text: text)) { records in
                let today = try await outcomes.today(records)
                let then = try await outcomes.then(records)
                for (index, record) in records.enumerated()
                where Self.has(column, value, today[index]) || Self.has(column, value, then[index]) {
                    found.append(record)
                }
            }
            if !found.isEmpty { return found }
        }
        return []
    }

    func rows(where column: String, is value: String) async throws -> [SinkRow]? {
        guard let rows else { return nil }
        do throws(SinkError) { return try await rows.rows(where: column, is: value, limit: 10) } catch {
            throw ControlError.failed("the sink cannot be read: \(error.reason)")
        }
    }

    private static func has(_ column: String, _ value: String, _ made: Trace.Made) -> Bool {
        guard case .outputs(let outputs) = made else { return false }
        return outputs.contains { output in
            do {
                return try JSONValue(parsing: Array(output.utf8)[...]).member(column)?.scalarText == value
            } catch {
                return false
            }
        }
    }

    private func all(_ selection: RawCopySelection) async throws -> [ArchivedRecord] {
        var found: [ArchivedRecord] = []
        try await RawRecords(pipeline: pipeline, control: control, context: context).read(selection, waiting: true) {
            found += $0
        }
        return found
    }

    // MARK: One record

    func trace(_ record: ArchivedRecord) async throws -> Trace {
        let today = try await outcomes.today([record])[0]
        let places = try await control.places(of: record.identity, in: pipeline.name)
        // A dead letter knows what it was refused by; else it is what ran when the record arrived.
        let version = places.compactMap { $0.failure?.version }.last ?? outcomes.version(at: record.received)
        let then = try await outcomes.then([record], version: version)[0]
        return Trace(
            record: record, expires: record.expires, places: places, versionThen: version,
            versionToday: outcomes.version, then: then,
            today: today, rows: try await rows(of: record, today, then))
    }

    private func rows(of record: ArchivedRecord, _ today: Trace.Made, _ then: Trace.Made) async throws -> [Trace.Row]? {
        guard let rows, case .outputs(let outputs) = today else { return nil }
        let compare = ShadowCompare(sink: rows, batch: max(1, outputs.count))
        let now = try await compare.rehearsed(RecordOutcomes.outputs(outputs, of: record))
        var former: [ShadowFinding] = []
        if case .outputs(let made) = then, made.count == outputs.count {
            former = try await compare.withRows(RecordOutcomes.outputs(made, of: record))
        }
        return now.enumerated().map { index, found in
            Trace.Row(
                row: found.row, today: found.finding, then: former.indices.contains(index) ? former[index] : nil)
        }
    }
}
