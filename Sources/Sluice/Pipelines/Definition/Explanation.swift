/// One line of `check --explain`: a value in effect, and where it came from.
package struct ExplainedValue: Hashable, Sendable {
    /// The dotted key, or `queues.intake` for what follows from the keys.
    package var key: String
    package var value: String
    /// `nil` = the default, or what follows from other keys.
    package var place: DefinitionPlace?
}

extension Definition {
    /// The whole definition in effect: every key with its value, defaults included, sizes in bytes, and the
    /// queues that it makes.
    package var explanation: [ExplainedValue] {
        let keys = DefinitionKeys.document.values(of: DefinitionKeys.Document(pipeline: pipeline)).map {
            ExplainedValue(key: $0.path, value: $0.text, place: marks.marks[$0.path]?.value)
        }
        return keys + queues.map { ExplainedValue(key: $0, value: $1, place: nil) }
    }

    private var queues: [(String, String)] {
        [
            ("queues.intake", pipeline.intakeQueue),
            ("queues.intake_dead_letters", QueueNames.deadLetterQueue(of: pipeline.intakeQueue)),
            ("queues.delivery", pipeline.deliveryQueue),
            ("queues.delivery_dead_letters", QueueNames.deadLetterQueue(of: pipeline.deliveryQueue)),
        ]
    }

    /// `explanation` as text: a line each, in columns.
    package var explanationText: String {
        let lines = explanation
        let keyWidth = lines.map(\.key.count).max() ?? 0
        let valueWidth = min(48, lines.map(\.value.count).max() ?? 0)
        return lines.map { line in
            let key = line.key + String(repeating: " ", count: keyWidth - line.key.count)
            let value = line.value + String(repeating: " ", count: max(0, valueWidth - line.value.count))
            return "\(key)  \(value)  \(line.place.map { "\($0)" } ?? (line.key.hasPrefix("queues.") ? "" : "default"))"
        }.map { String($0.reversed().drop(while: \.isWhitespace).reversed()) }.joined(separator: "\n")
    }
}

/// Every key of a definition, in the order of the reference.
package var definitionReference: [KeyRow] { DefinitionKeys.document.rows }
