import Sluice

/// The screen of `trace`.
struct TraceText {
    let time: TimeText
    /// The kind of sink.
    let sink: String

    /// - Parameter rows: those that were asked for, by a key.
    func lines(of traces: [Trace], rows: [SinkRow]) -> [String] {
        let found = rows.flatMap { row in ["row       \(Self.text(of: row))"] }
        return found
            + traces.enumerated().flatMap { place, trace in
                (place == 0 && found.isEmpty ? [] : [""]) + lines(of: trace)
            }
    }

    /// What Split could not read is no record: there is nothing to run.
    func lines(ofBroken places: [RecordPlace]) -> [String] {
        guard let first = places.first else { return [] }
        return ["record    \(SafeText.line(first.identity.text))"] + places.map { "waits     \(Self.text(of: $0))" }
            + ["verdict   upstream sent it so: it is no record"]
    }

    private func lines(of trace: Trace) -> [String] {
        let record = trace.record
        var lines = [
            "record    \(SafeText.line(record.identity.text))" + (record.name.map { "  (\(SafeText.line($0)))" } ?? ""),
            "arrived   \(time.full(record.received))" + (record.line.map { ", line \(Numbers.grouped(Int($0)))" } ?? "")
                + (trace.expires.map { "; raw copy until \(time.full($0))" } ?? "; in its bucket"),
        ]
        lines += SafeText.body(Array(record.body)).split(separator: "\n", omittingEmptySubsequences: false).map {
            "  \($0)"
        }
        if let today = trace.versionToday {
            let then = trace.versionThen ?? "unknown"
            lines.append("code      \(today)" + (then == today ? "" : ", then \(then)"))
        }
        lines += made(trace.today, "output")
        if trace.then != trace.today { lines += made(trace.then, "then") }
        lines += trace.places.map { "waits     \(Self.text(of: $0))" }
        for row in trace.rows ?? [] { lines += self.lines(of: row) }
        lines.append("verdict   \(SafeText.line(trace.verdict))")
        return lines
    }

    private func made(_ made: Trace.Made, _ title: String) -> [String] {
        let title = title + String(repeating: " ", count: 10 - title.count)
        switch made {
        case .outputs(let outputs) where outputs.isEmpty: return [title + "none"]
        case .outputs(let outputs): return outputs.map { title + SafeText.line($0) }
        case .failed(let reason): return [title + "fails: \(SafeText.line(reason))"]
        case .unknown: return [title + "that code is not kept"]
        }
    }

    private func lines(of row: Trace.Row) -> [String] {
        guard let found = row.row else { return ["\(sink)".padded + "no such row"] }
        let changes = row.today.changes.map {
            "  today's code would write \(SafeText.line($0.column)): \($0.before.map(SafeText.line) ?? "null") → "
                + ($0.after.map(SafeText.line) ?? "null")
        }
        return [sink.padded + Self.text(of: found)] + changes
    }

    private static func text(of row: SinkRow) -> String {
        row.values.map { "\(SafeText.line($0.column)) \($0.text.map(SafeText.line) ?? "null")" }.joined(
            separator: " · ")
    }

    private static func text(of place: RecordPlace) -> String {
        let state = place.failure.map { "dead at \($0.step): \(SafeText.line($0.reason))" }
        return "\(place.queue), " + (state ?? (place.isInFlight ? "in flight" : "ready"))
            + ", received \(place.receiveCount == 1 ? "once" : "\(place.receiveCount) times")"
    }
}

extension String {
    fileprivate var padded: String { self + String(repeating: " ", count: max(1, 10 - count)) }
}

struct TraceDocument: Encodable {
    struct Made: Encodable {
        var outputs: [String]?
        var reason: String?

        init(_ made: Trace.Made) {
            switch made {
            case .outputs(let outputs): self.outputs = outputs
            case .failed(let reason): self.reason = reason
            case .unknown: break
            }
        }
    }

    struct Place: Encodable {
        var queue: String
        var inFlight: Bool
        var receiveCount: Int
        var reason: String?
    }

    struct Row: Encodable {
        var row: [String: String?]?
        var changes: [ShadowFinding.Change]
    }

    var version = 1
    var record: String
    var name: String?
    var received: String
    var deleted: String?
    var line: Int64?
    var bodyText: String
    var code: String?
    var codeThen: String?
    var today: Made
    var then: Made
    var waits: [Place]
    var rows: [Row]?
    var verdict: String

    init(_ trace: Trace) {
        record = trace.record.identity.text
        name = trace.record.name
        received = TimeText.rfc3339(trace.record.received)
        deleted = trace.expires.map(TimeText.rfc3339)
        line = trace.record.line
        bodyText = trace.record.body.text
        code = trace.versionToday
        codeThen = trace.versionThen
        today = Made(trace.today)
        then = Made(trace.then)
        waits = trace.places.map {
            Place(queue: $0.queue, inFlight: $0.isInFlight, receiveCount: $0.receiveCount, reason: $0.failure?.reason)
        }
        rows = trace.rows?.map { row in
            Row(
                row: row.row.map { Dictionary($0.values.map { ($0.column, $0.text) }, uniquingKeysWith: { $1 }) },
                changes: row.today.changes)
        }
        verdict = trace.verdict
    }
}
