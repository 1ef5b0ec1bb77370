/// Whether the figures of a pipeline add up: the identities that hold at every commit.
package enum LedgerCheck {
    /// What does not add up, in words; empty when everything does.
    package static func discrepancies(queues: [QueueReport], steps: [StepReport]) -> [String] {
        var found: [String] = []
        for queue in queues { found += check(queue) }
        let byName = Dictionary(queues.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for queue in queues where queue.role != .deadLetter && queue.pipeline != nil {
            guard let dead = byName[QueueNames.deadLetterQueue(of: queue.name)] else { continue }
            found += equal(
                dead.ledger[.dead], "dead letters that entered '\(dead.name)'", queue.ledger[.deadLettered],
                "those that left '\(queue.name)'")
        }
        return found + steps.flatMap(checkEffects) + checkStages(queues, steps) + checkEdges(queues, steps)
    }

    private static func check(_ queue: QueueReport) -> [String] {
        let entered = LedgerEntry.entered.reduce(0) { $0 + (queue.ledger[$1] ?? 0) }
        let left = LedgerEntry.left.reduce(0) { $0 + (queue.ledger[$1] ?? 0) }
        guard entered != left + queue.depth.messages else { return [] }
        return [
            "queue '\(queue.name)': \(entered) messages entered; \(left) left and \(queue.depth.messages) are there, "
                + "which is \(left + queue.depth.messages)"
        ]
    }

    private static func checkEffects(of step: StepReport) -> [String] {
        guard step.kind == .delivery else { return [] }
        let effects = SinkEffect.allCases.reduce(0) { $0 + (step.ledger[$1.ledgerEntry] ?? 0) }
        return equal(
            step.ledger[.passed], "delivered by \(step.name)", effects, "written, stale, repeated and ignored")
    }

    /// What was done in the queues of a stage, and what its steps made of it. A definition may have named either
    /// otherwise before, so that only all of them together add up.
    private static func checkStages(_ queues: [QueueReport], _ steps: [StepReport]) -> [String] {
        let pipelines = Set(steps.map(\.name.pipeline))
        return pipelines.sorted().flatMap { pipeline in
            Self.stages.flatMap { role, kind -> [String] in
                let served = queues.filter { $0.pipeline == pipeline && $0.role == role }
                let own = steps.filter { $0.name.pipeline == pipeline && $0.kind == kind }
                let settled = own.reduce(0) { sum, step in
                    sum + [.passed, .filtered, .unconfirmed].reduce(0) { $0 + (step.ledger[$1] ?? 0) }
                }
                return equal(
                    served.reduce(0) { $0 + ($1.ledger[.done] ?? 0) }, "messages done in \(list(served.map(\.name)))",
                    settled, "passed, filtered and unconfirmed by \(list(own.map(\.name.description)))")
            }
        }
    }

    /// What waits where, and the kind of step that takes it.
    private static let stages: [(QueueReport.Role, StepKind)] = [
        (.objects, .split), (.intake, .transform), (.delivery, .delivery),
    ]

    private static func list(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }

    /// Outputs of a pipeline's transform, and what entered its delivery queues, those of former definitions included.
    private static func checkEdges(_ queues: [QueueReport], _ steps: [StepReport]) -> [String] {
        let pipelines = Set(steps.map(\.name.pipeline))
        return pipelines.sorted().flatMap { pipeline -> [String] in
            let own = steps.filter { $0.name.pipeline == pipeline }
            let outputs = own.reduce(0) { $0 + ($1.ledger[.outputs] ?? 0) }
            let behind = queues.filter { $0.pipeline == pipeline && $0.role == .delivery }
            let entered = behind.reduce(0) { $0 + ($1.ledger[.step] ?? 0) + ($1.ledger[.deduplicated] ?? 0) }
            return equal(outputs, "outputs of pipeline '\(pipeline)'", entered, "what entered its delivery queues")
                + checkSplit(own, queues.filter { $0.pipeline == pipeline }, pipeline)
        }
    }

    /// What Split has read, and what became of it.
    private static func checkSplit(
        _ steps: [StepReport], _ queues: [QueueReport], _ pipeline: String
    ) -> [String] {
        let read = steps.reduce(0) { $0 + ($1.ledger[.read] ?? 0) }
        let entered = queues.reduce(0) { $0 + ($1.ledger[.split] ?? 0) + ($1.ledger[.refused] ?? 0) }
        return equal(read, "records that '\(pipeline)' has read from objects", entered, "those that entered its queues")
    }

    private static func equal(_ left: Int?, _ what: String, _ right: Int?, _ other: String) -> [String] {
        let (left, right) = (left ?? 0, right ?? 0)
        return left == right ? [] : ["\(left) \(what), and \(right) \(other): a difference of \(abs(left - right))"]
    }
}
