import Sluice

/// What a reload changes, for the screen and for the log of the running process.
struct ReloadText {
    let plan: ReloadPlan

    /// Each pipeline with its settings below it, then why it is not possible.
    var lines: [String] {
        let width = plan.pipelines.map(\.name.count).max() ?? 0
        return plan.pipelines.flatMap { change in
            let name = change.name + String(repeating: " ", count: width - change.name.count)
            return ["\(name)  \(change.kind.rawValue)\(Self.figures(change))"]
                + Self.settings(change, separator: "  ").map { "  \($0)" }
        } + plan.refusals.map { "refused: \($0)" }
    }

    /// The pipelines that do not stay as they are, a line each.
    var shortLines: [String] {
        plan.pipelines.filter { $0.kind != .unchanged }.map { change in
            let settings = Self.settings(change, separator: " ")
            let what = settings.isEmpty ? "" : ": " + settings.joined(separator: "; ")
            return "\(change.name) \(change.kind.rawValue)\(what)"
        }
    }

    /// `1 changed, 2 unchanged`
    var summary: String {
        let kinds: [PipelineChange.Kind] = [.added, .changed, .removed, .unchanged]
        return kinds.compactMap { kind in
            let count = plan.pipelines.count { $0.kind == kind }
            return count > 0 ? "\(count) \(kind.rawValue)" : nil
        }.joined(separator: ", ")
    }

    private static func settings(_ change: PipelineChange, separator: String) -> [String] {
        guard change.kind == .changed else { return [] }
        let settings = change.settings.map { setting in
            "\(setting.key)\(separator)\(shown(setting.old)) → \(shown(setting.new))"
        }
        guard change.oldCode != change.newCode else { return settings }
        return settings + ["code\(separator)\(shown(change.oldCode)) → \(shown(change.newCode))"]
    }

    private static func shown(_ value: String?) -> String {
        value.map { $0.isEmpty ? "\"\"" : SafeText.line($0) } ?? "–"
    }

    private static func figures(_ change: PipelineChange) -> String {
        var figures: [String] = []
        if change.waiting > 0 { figures.append("\(Numbers.grouped(change.waiting)) waiting") }
        if change.dead > 0 { figures.append("\(Numbers.grouped(change.dead)) dead") }
        return figures.isEmpty ? "" : "   (\(figures.joined(separator: ", ")))"
    }
}
