import Sluice
import Synchronization

/// `replay --shadow`.
struct ShadowCommand {
    let request: ReplayRequest
    let file: String?
    let export: String?

    /// Examples of what is not as it was, on the screen.
    private static let mostExamples = 10

    func run(_ plain: CommandContext) async throws {
        let (pipeline, context) = try await plain.latestDefinition(of: request.pipeline, file: file)
        let target = try export.map {
            try WholeFile(path: FolderLocation.absolute($0, in: context.console.workingDirectory))
        }
        let tally = ShadowTally(target: target, mostExamples: Self.mostExamples)
        let (version, against) = try await untilInterrupted { [request] in
            try await context.withControl(use: .lasting) { control -> (String?, String) in
                let shadow = try await ShadowReplay(pipeline, control, context)
                let selection = RawCopySelection(
                    pipeline: request.pipeline, from: request.from, to: request.to, conditions: request.conditions)
                do {
                    try await shadow.run(selection) { tally.add($0) }
                } catch {
                    await shadow.close()
                    throw error
                }
                await shadow.close()
                return (shadow.version, shadow.against)
            }
        }
        try tally.finish()
        tally.print(context, version: version, against: against)
        if tally.failed > 0 { throw CommandFailure(.dead) }
    }
}

/// Counts findings, keeps a few, and writes all that are not `same` to a file.
private final class ShadowTally: Sendable {
    private struct State {
        var counts: [ShadowFinding.Verdict: Int] = [:]
        var columns: [String: Int] = [:]
        var examples: [ShadowFinding] = []
        var failure: (any Error)?
    }

    private let target: WholeFile?
    private let mostExamples: Int
    private let state = Mutex(State())

    init(target: WholeFile?, mostExamples: Int) {
        self.target = target
        self.mostExamples = mostExamples
    }

    var failed: Int { state.withLock { $0.counts[.failed] ?? 0 } }

    func add(_ findings: [ShadowFinding]) {
        state.withLock { state in
            for finding in findings {
                state.counts[finding.verdict, default: 0] += 1
                guard finding.verdict != .same else { continue }
                if finding.verdict == .changed {
                    for change in finding.changes { state.columns[change.column, default: 0] += 1 }
                }
                if state.examples.count < mostExamples { state.examples.append(finding) }
                guard let target, state.failure == nil else { continue }
                do { try target.write(Array((JSONText.document(ShadowDocument(finding)) + "\n").utf8)) } catch {
                    state.failure = error
                }
            }
        }
    }

    func finish() throws {
        if let failure = state.withLock({ $0.failure }) {
            target?.discard()
            throw failure
        }
        try target?.finish()
    }

    func print(_ context: CommandContext, version: String?, against: String) {
        let (counts, columns, examples) = state.withLock { ($0.counts, $0.columns, $0.examples) }
        if context.json {
            let named = Dictionary(
                uniqueKeysWithValues: ShadowFinding.Verdict.allCases.map { ($0.rawValue, counts[$0] ?? 0) })
            return context.print(
                document: ShadowSummary(code: version, against: against, findings: named, columns: columns))
        }
        let total = counts.values.reduce(0, +)
        var lines = [
            "\(Numbers.grouped(total)) compared with \(against)" + (version.map { "; code \($0)" } ?? "")
                + "; nothing was sent or stored",
            ShadowFinding.Verdict.allCases.map { "\($0.rawValue) \(Numbers.grouped(counts[$0] ?? 0))" }
                .joined(separator: " · "),
        ]
        if !columns.isEmpty {
            let sorted = columns.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            lines.append(
                "changed: "
                    + sorted.map { "\(SafeText.line($0.key)) \(Numbers.grouped($0.value))" }.joined(separator: ", "))
        }
        lines += examples.map(Self.line)
        context.print(lines)
    }

    private static func line(_ finding: ShadowFinding) -> String {
        let changes = finding.changes.prefix(4).map { change in
            "\(SafeText.line(change.column)): \(shown(change.before)) → \(shown(change.after))"
        }.joined(separator: ", ")
        return "  \(finding.verdict.rawValue)  \(SafeText.line(finding.record))  "
            + (finding.reason.map { SafeText.line($0) } ?? changes)
    }

    private static func shown(_ text: String?) -> String { text.map { SafeText.line(String($0.prefix(60))) } ?? "null" }
}

private struct ShadowDocument: Encodable {
    var record: String
    var verdict: String
    var changes: [ShadowFinding.Change]
    var reason: String?

    init(_ finding: ShadowFinding) {
        record = finding.record
        verdict = finding.verdict.rawValue
        changes = finding.changes
        reason = finding.reason
    }
}

private struct ShadowSummary: Encodable {
    var version = 1
    var code: String?
    var against: String
    var findings: [String: Int]
    var columns: [String: Int]
}
