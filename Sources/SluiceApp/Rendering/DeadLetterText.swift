import Sluice

/// A dead-letter group with the number that `dlq` prints and `--group` takes.
struct NumberedGroup: Sendable, Equatable {
    var number: Int
    var group: DeadLetterGroup

    /// The largest first, over all pipelines, so that a number means the same whichever pipeline is shown.
    static func number(_ groups: [DeadLetterGroup]) -> [NumberedGroup] {
        let sorted = groups.sorted {
            ($1.count, $0.pipeline, $0.fingerprint) < ($0.count, $1.pipeline, $1.fingerprint)
        }
        return sorted.enumerated().map { NumberedGroup(number: $0 + 1, group: $1) }
    }
}

/// The screens of `sluice dlq` and `sluice dlq show`.
struct DeadLetterText {
    let time: TimeText

    func table(_ groups: [NumberedGroup]) -> [String] {
        let several = Set(groups.map(\.group.pipeline)).count > 1
        var table = TextTable(
            [.init(title: "G"), .init(title: "COUNT", alignment: .right)]
                + (several ? [.init(title: "PIPELINE")] : [])
                + [
                    .init(title: "STEP"), .init(title: "REASON"), .init(title: "FIRST"), .init(title: "LAST"),
                    .init(title: "CODE"),
                ])
        for numbered in groups {
            let group = numbered.group
            table.rows.append(
                ["\(numbered.number)", Numbers.grouped(group.count)]
                    + (several ? [group.pipeline] : [])
                    + [
                        Self.step(group.step), Self.shortened(SafeText.line(group.reason)), time.short(group.first),
                        time.short(group.last), group.version.map(SafeText.line) ?? "–",
                    ])
        }
        return table.lines
    }

    /// One dead letter: where it died, each failure that is kept, what was logged at the last, and its bytes.
    func lines(of letter: DeadLetter, log: [LogEntry] = []) -> [String] {
        var lines = [
            "message   \(letter.id)",
            "record    \(SafeText.line(letter.identity.text))" + (letter.name.map { "  (\(SafeText.line($0)))" } ?? ""),
            "pipeline  \(letter.pipeline), in \(letter.queue), died in \(letter.source)",
        ]
        if let group = letter.group { lines.append("group     \(SafeText.line(group))") }
        lines.append(
            "received  \(time.full(letter.received)), died \(time.full(letter.died)) after "
                + Self.times(letter.receiveCount))
        lines += historyLines(letter.history)
        lines += logLines(log)
        lines.append("body      \(Numbers.bytes(letter.body.count))")
        lines += SafeText.body(letter.body).split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        return lines
    }

    private func historyLines(_ history: FailureHistory) -> [String] {
        var lines = history.first.map(line(of:))
        if history.omitted > 0 { lines.append("          … \(Numbers.grouped(history.omitted)) more failures …") }
        return lines + history.last.map(line(of:))
    }

    private func logLines(_ entries: [LogEntry]) -> [String] {
        guard !entries.isEmpty else { return [] }
        let text = LogText(time: time, showsStep: false)
        return ["log"] + entries.flatMap(text.lines(of:)).map { "  \($0)" }
    }

    private func line(of failure: Failure) -> String {
        let version = failure.version.map { "  [code \(SafeText.line($0))]" } ?? ""
        // A failure at intake has the step for its type.
        let type = failure.type.map { $0 == failure.step ? "" : "\(SafeText.line($0)): " } ?? ""
        return "failed    \(time.full(failure.time))  \(Self.step(failure.step))  \(type)"
            + "\(SafeText.line(failure.reason))\(version)"
    }

    /// What is at neither of these died on its way to the sink of that name.
    private static func step(_ step: String) -> String {
        step == "intake" || StepKind(step) != .delivery ? step : "→ \(step)"
    }

    private static func shortened(_ reason: String) -> String {
        reason.count > 60 ? reason.prefix(59) + "…" : reason
    }

    private static func times(_ count: Int) -> String { count == 1 ? "1 receive" : "\(count) receives" }
}
