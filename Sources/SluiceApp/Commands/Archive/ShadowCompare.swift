import Foundation
import Sluice
import SluiceConnectors

/// What a replay would come to for one record, compared with what its delivery has come to.
struct ShadowFinding: Sendable {
    enum Verdict: String, Sendable, CaseIterable {
        /// The row, or the output, would be as it is.
        case same
        case changed
        /// There is no such row, or the code of then made no such output.
        case new
        /// Today's code makes nothing of a record that has a row, or that the code of then made something of.
        case gone
        /// Today's code, or the sink, does not take the record.
        case failed
    }

    struct Change: Sendable, Encodable {
        var column: String
        var before: String?
        var after: String?
    }

    var verdict: Verdict
    /// Its name, or its identity.
    var record: String
    var changes: [Change] = []
    var reason: String?
}

/// Compares outputs of today's code with the rows that a sink has, or with the outputs of other code.
struct ShadowCompare {
    let sink: (any RehearsingSink)?
    /// Records of one rehearsal.
    let batch: Int

    /// What outputs would change in the sink.
    func withRows(_ outputs: [ShadowOutput]) async throws -> [ShadowFinding] {
        try await rehearsed(outputs).map(\.finding)
    }

    /// The same, with the rows that are there.
    func rehearsed(_ outputs: [ShadowOutput]) async throws -> [(row: SinkRow?, finding: ShadowFinding)] {
        guard let sink else { return [] }
        var findings: [(row: SinkRow?, finding: ShadowFinding)] = []
        for start in stride(from: 0, to: outputs.count, by: batch) {
            let part = outputs[start..<min(start + batch, outputs.count)]
            let rehearsals: [Rehearsal]
            do throws(SinkError) {
                rehearsals = try await sink.rehearse(part.map(\.sinkRecord))
            } catch {
                throw ControlError.failed("the sink cannot be compared with: \(error.reason)")
            }
            findings += zip(part, rehearsals).map { output, rehearsal in
                (rehearsal.before, Self.finding(output, rehearsal))
            }
        }
        return findings
    }

    private static func finding(_ output: ShadowOutput, _ rehearsal: Rehearsal) -> ShadowFinding {
        switch rehearsal {
        case .refused(let reason): return ShadowFinding(verdict: .failed, record: output.record, reason: reason)
        case .row(nil, let after):
            let changes = after.values.filter { $0.text != nil }.map {
                ShadowFinding.Change(column: $0.column, before: nil, after: $0.text)
            }
            return ShadowFinding(verdict: .new, record: output.record, changes: changes)
        case .row(let before?, let after):
            let changes = before.differences(to: after).map {
                ShadowFinding.Change(column: $0.column, before: $0.before, after: $0.after)
            }
            return ShadowFinding(verdict: changes.isEmpty ? .same : .changed, record: output.record, changes: changes)
        }
    }

    /// The rows that these outputs, of code of then, have in the sink.
    func rowsThatAreThere(_ outputs: [ShadowOutput]) async throws -> [ShadowFinding] {
        try await withRows(outputs).filter { $0.verdict == .same || $0.verdict == .changed }.map {
            ShadowFinding(verdict: .gone, record: $0.record, reason: "today's code makes nothing of it")
        }
    }

    // MARK: Outputs of other code

    /// - Parameters:
    ///   - former: what the code of then made of the record; `nil` = it failed.
    static func withOutputs(_ record: String, today: [String], former: [String]) -> [ShadowFinding] {
        var findings: [ShadowFinding] = []
        for index in 0..<max(today.count, former.count) {
            guard index < today.count else {
                findings.append(
                    ShadowFinding(verdict: .gone, record: record, reason: "today's code makes one output less of it"))
                continue
            }
            guard index < former.count else {
                findings.append(ShadowFinding(verdict: .new, record: record, changes: changes(nil, today[index])))
                continue
            }
            let changes = changes(former[index], today[index])
            findings.append(
                ShadowFinding(verdict: changes.isEmpty ? .same : .changed, record: record, changes: changes))
        }
        return findings
    }

    /// Field by field where both are objects; else as a whole.
    static func changes(_ before: String?, _ after: String) -> [ShadowFinding.Change] {
        if before == after { return [] }
        guard let left = fields(of: before ?? "{}"), let right = fields(of: after) else {
            return [ShadowFinding.Change(column: "", before: before, after: after)]
        }
        let names = left.map(\.name) + right.map(\.name).filter { name in !left.contains { $0.name == name } }
        return names.compactMap { name in
            let (old, new) = (left.last { $0.name == name }?.value, right.last { $0.name == name }?.value)
            return old == new ? nil : ShadowFinding.Change(column: name, before: old, after: new)
        }
    }

    private static func fields(of text: String) -> [(name: String, value: String)]? {
        do {
            let value = try JSONValue(parsing: Array(text.utf8)[...])
            guard value.kind == .object else { return nil }
            return value.members.map { ($0.name, $0.value.bytes.text) }
        } catch {
            return nil
        }
    }
}

/// An output of a record, on its way to a comparison.
struct ShadowOutput: Sendable {
    /// What the record is called.
    var record: String
    var identity: RecordIdentity
    var givenName: String?
    var received: Timestamp
    var body: String

    var sinkRecord: SinkRecord {
        SinkRecord(identity: identity, name: givenName, body: Array(body.utf8)[...], received: received)
    }
}
