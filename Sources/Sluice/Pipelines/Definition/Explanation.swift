/// One line of `show`: a value in effect, and where it came from.
package struct ExplainedValue: Hashable, Sendable {
    /// The dotted key, or `queues.intake` for what follows from the keys.
    package var key: String
    package var value: String
    package var origin: Origin
    /// What the `${…}` in it stood for: `SHOP_DB from the environment`.
    package var references: [String] = []

    /// Where a file says so; `nil` = no file does.
    package var place: DefinitionPlace? {
        if case .written(let place) = origin { place } else { nil }
    }

    package enum Origin: Hashable, Sendable, CustomStringConvertible {
        case written(DefinitionPlace)
        /// Given in Swift.
        case built
        case fallback
        /// Follows from other keys.
        case derived

        package var description: String {
            switch self {
            case .written(let place): place.description
            case .built: "Swift"
            case .fallback: "default"
            case .derived: ""
            }
        }
    }
}

extension Definition {
    /// The whole definition in effect: every key with its value, defaults included, sizes in bytes, and the
    /// queues that it makes. Secrets are masked.
    package var explanation: [ExplainedValue] {
        let document = DefinitionKeys.document
        let usual = Set(document.values(of: document.prototype))
        let keys = document.values(of: DefinitionKeys.Document(pipeline: pipeline)).map { value in
            ExplainedValue(
                key: value.path, value: secrets.mask(value.text), origin: origin(of: value, usual: usual),
                references: marks.origins(of: value.path))
        }
        return keys + queues.map { ExplainedValue(key: $0, value: $1, origin: .derived) }
    }

    private func origin(of value: KeyValue, usual: Set<KeyValue>) -> ExplainedValue.Origin {
        if let place = marks.valuePlace(of: value.path) { return .written(place) }
        return marks.isEmpty && !usual.contains(value) ? .built : .fallback
    }

    private var queues: [(String, String)] {
        let objects = pipeline.objectsQueue.map {
            [("queues.objects", $0), ("queues.objects_dead_letters", QueueNames.deadLetterQueue(of: $0))]
        }
        return (objects ?? []) + [
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
            let references = line.references.isEmpty ? "" : " (\(line.references.joined(separator: "; ")))"
            let origin = line.origin.description + references
            return origin.isEmpty ? "\(key)  \(line.value)" : "\(key)  \(value)  \(origin)"
        }.joined(separator: "\n")
    }
}

/// Every key of a definition, in the order of the reference.
package var definitionReference: [KeyRow] { DefinitionKeys.document.rows }
