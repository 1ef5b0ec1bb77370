import Sluice

/// The screen of `sluice status`: what is wrong first, then the ledger, then the steps.
struct StatusText {
    let report: StatusReport
    /// The executable's name, for the hints.
    let command: String
    let time: TimeText

    var lines: [String] {
        var sections = report.pipelines.map(lines(of:))
        if !report.otherQueues.isEmpty { sections.append(otherQueueLines) }
        if report.diskFull {
            sections.insert(["THE DISK IS FULL: nothing new is taken; what is stored is still processed"], at: 0)
        }
        if !report.discrepancies.isEmpty {
            sections.insert(
                ["THE LEDGER DOES NOT ADD UP:"] + report.discrepancies.map { "  " + SafeText.line($0) }
                    + ["  → \(command) data check"], at: 0)
        }
        guard !sections.isEmpty else { return ["no pipelines and no queues yet"] }
        return Array(sections.joined(separator: [""]))
    }

    private func lines(of pipeline: PipelineReport) -> [String] {
        let indent = String(repeating: " ", count: max(pipeline.name.count + 3, 9))
        let head = pipeline.name + String(repeating: " ", count: indent.count - pipeline.name.count)
        return [head + state(of: pipeline)]
            + balanceLines(of: pipeline).map { indent + $0 }
            + stepLines(of: pipeline) + notes(of: pipeline)
    }

    private func state(of pipeline: PipelineReport) -> String {
        let running = pipeline.running ? "running" : "not running"
        guard pipeline.dead > 0 else { return running }
        let since = pipeline.deadSince.map { " since \(time.short($0))" } ?? ""
        let count = Numbers.grouped(pipeline.deadReasonCount)
        let reason = pipeline.deadReason.map { " (\(count) × \(SafeText.line($0)))" } ?? ""
        return "\(Numbers.grouped(pipeline.dead)) DEAD\(since)\(reason)   → \(command) dlq \(pipeline.name)"
            + (pipeline.running ? "" : "   (not running)")
    }

    private func balanceLines(of pipeline: PipelineReport) -> [String] {
        let balance = PipelineBalance(pipeline)
        let verdict =
            balance.difference == 0 ? "✓ adds up" : "✗ OFF BY \(Numbers.grouped(balance.difference))"
        let terms = balance.terms.map { "\($0.name) \(Numbers.grouped($0.count))" }.joined(separator: " + ")
        if balance.oneOutputEach {
            return ["received \(received(balance)) = \(terms)   \(verdict)"]
        }
        // Records and outputs are counted apart where one record has several.
        return [
            "transform: in \(Numbers.grouped(balance.passed)) → out \(Numbers.grouped(balance.outputs))",
            "received \(received(balance)) - \(Numbers.grouped(balance.passed)) "
                + "+ \(Numbers.grouped(balance.outputs)) = \(terms)   \(verdict)",
        ]
    }

    /// Objects that are not records yet are counted as what they are.
    private func received(_ balance: PipelineBalance) -> String {
        let replayed = balance.replayed > 0 ? " (\(Numbers.grouped(balance.replayed)) replayed)" : ""
        let records = Numbers.grouped(balance.received) + replayed
        guard balance.objects != 0 else { return records }
        return "\(records) + \(Numbers.grouped(balance.objects)) object\(balance.objects == 1 ? "" : "s")"
    }

    private func stepLines(of pipeline: PipelineReport) -> [String] {
        var table = TextTable([
            .init(title: "STEP"), .init(title: "WAITING", alignment: .right),
            .init(title: "IN FLIGHT", alignment: .right),
            .init(title: "OLDEST", alignment: .right), .init(title: "RATE", alignment: .right),
            .init(title: "DONE IN", alignment: .right), .init(title: "STATE"),
        ])
        for step in pipeline.steps {
            let depth = pipeline.queues.first { $0.name == step.queue }?.depth ?? QueueDepth()
            table.rows.append([
                step.title, Numbers.grouped(depth.ready + depth.delayed), Numbers.grouped(depth.inFlight),
                time.age(of: depth.oldest), Self.rate(step.rate), Self.doneIn(depth.messages, step),
                state(of: step),
            ])
        }
        return table.rows.isEmpty ? [] : table.lines
    }

    private static func rate(_ rate: Double) -> String {
        rate > 0 && rate < 10 ? "\((rate * 10).rounded() / 10)/s" : "\(Numbers.grouped(Int(rate.rounded())))/s"
    }

    /// How long what is in the step's queue now takes at the present rate.
    private static func doneIn(_ messages: Int, _ step: StepReport) -> String {
        guard messages > 0, step.rate > 0, !step.state.isStalled else { return "–" }
        return TimeText.compact(.seconds((Double(messages) / step.rate).rounded(.up)))
    }

    private func state(of step: StepReport) -> String {
        switch step.state {
        case .stopped: return "stopped"
        case .running: return "running"
        case .heldBack: return "held back: the queue behind it is full"
        case .paused(let since, let reason):
            return "PAUSED \(time.short(since))" + (reason.map { ": \(SafeText.line($0))" } ?? "")
        case .breakerOpen(let since, let reason, let nextProbe):
            let wait = max(0, (nextProbe - time.now).components.seconds)
            return "breaker open \(time.short(since)): \(SafeText.line(reason)) (probe in \(wait) s)"
        }
    }

    private func notes(of pipeline: PipelineReport) -> [String] {
        var notes: [String] = []
        if let code = pipeline.steps.lazy.compactMap(\.code).first {
            let before = code.former.map { " (before: \(SafeText.line($0)))" } ?? ""
            notes.append("code \(SafeText.line(code.version)) since \(time.short(code.since))\(before)")
        }
        if let until = pipeline.archiveUntil {
            let full = pipeline.isArchiveFull ? " FULL (archive.max_size): nothing more is taken in" : ""
            notes.append("archive until \(time.date(until))\(full)")
        }
        if let expires = pipeline.deadExpires {
            notes.append("oldest dead letter expires \(time.short(expires))")
        }
        notes += Self.leftOut(of: pipeline)
        if pipeline.withoutSubject > 0 { notes.append("no subject: \(Numbers.grouped(pipeline.withoutSubject))") }
        return notes.isEmpty ? [] : [notes.joined(separator: " · ")]
    }

    /// Delivered records that changed no row.
    private static func leftOut(of pipeline: PipelineReport) -> [String] {
        let words: [(entry: LedgerEntry, meaning: String)] = [
            (.stale, "an older event than its row"), (.ignored, "there was a row"),
            (.repeated, "written before a crash"),
        ]
        return words.compactMap { entry, meaning in
            let count = (pipeline.steps + pipeline.formerSteps).reduce(0) { $0 + ($1.ledger[entry] ?? 0) }
            return count > 0 ? "\(entry.words): \(Numbers.grouped(count)) (\(meaning))" : nil
        }
    }

    private var otherQueueLines: [String] {
        report.otherQueues.map { queue in
            let kind = queue.type == nil ? "unclaimed: no pipeline reads it yet" : "no pipeline's"
            let messages = queue.depth.messages == 1 ? "1 message" : "\(Numbers.grouped(queue.depth.messages)) messages"
            return "queue \(queue.name)   \(messages) (\(kind))"
        }
    }
}

extension StatusReport {
    /// What `status --check` and `run --until-idle` make of it, the worst first: 4, 5, 3, 0.
    var exitStatus: ExitStatus {
        let unbalanced = pipelines.contains { PipelineBalance($0).difference != 0 }
        if unbalanced || !discrepancies.isEmpty { return .damaged }
        if pipelines.contains(where: \.isStalled) { return .stalled }
        return pipelines.contains { $0.dead > 0 } ? .dead : .done
    }
}

extension PipelineReport {
    /// Nothing moves by itself: a step waits for somebody, or nobody runs the pipeline and records wait for it.
    fileprivate var isStalled: Bool {
        steps.contains { $0.state.isStalled } || (!running && PipelineBalance(self).waiting > 0)
    }
}

extension StepReport.State {
    var isStalled: Bool {
        switch self {
        case .paused, .breakerOpen: true
        case .stopped, .running, .heldBack: false
        }
    }
}
