/// One key of a definition: the one place that says its name, type, range, default and meaning. Reading,
/// checking, suggestions, `check --explain` and the reference are made from it.
struct Key<Owner: Hashable & Sendable>: Sendable {
    let name: String
    let row: @Sendable (_ prototype: Owner) -> KeyRow
    let nestedRows: @Sendable () -> [KeyRow]
    let schema: @Sendable (_ prototype: Owner) -> SchemaNode
    let isRequired: Bool
    let read: @Sendable (DefinitionNode, inout Owner, inout DefinitionReading) -> Void
    let check: @Sendable (_ value: Owner, _ prototype: Owner, inout DefinitionCheck) -> Void
    let values: @Sendable (Owner) -> [KeyValue]

    /// - Parameters:
    ///   - property: where the value is kept. The value there without the key (in the table's prototype) is the
    ///     default.
    ///   - required: a definition without the key is wrong.
    ///   - fallback: the default in words, where it depends on something.
    ///   - effective: the value in effect, where the property's own text does not tell.
    ///   - applies: whether the key means anything beside the others; where it does not, an explanation leaves it out.
    ///   - meaning: one or two sentences for the reference.
    init<Value>(
        _ name: String, _ type: KeyType<Value>, at property: any WritableKeyPath<Owner, Value> & Sendable,
        required: Bool = false, fallback: String? = nil, effective: (@Sendable (Owner) -> String)? = nil,
        applies: @escaping @Sendable (Owner) -> Bool = { _ in true }, _ meaning: String
    ) {
        self.name = name
        isRequired = required
        row = { prototype in
            let usual = fallback ?? "`\(type.text(prototype[keyPath: property]))`"
            return KeyRow(
                path: name, form: type.form, fallback: required ? nil : (usual == "``" ? "" : usual),
                meaning: meaning)
        }
        nestedRows = type.rows
        schema = { prototype in
            // One that depends on something is in words, in the meaning.
            let usual = fallback == nil && !required ? type.text(prototype[keyPath: property]) : ""
            return type.schema().annotated(meaning, fallback: Self.value(usual))
        }
        read = { node, owner, reading in
            guard let value = type.read(node, owner[keyPath: property], &reading) else { return }
            owner[keyPath: property] = value
        }
        check = { owner, prototype, check in
            let value = owner[keyPath: property]
            let isPlaceholder = required && value == prototype[keyPath: property] && !check.isGiven(name)
            check.at(name) { check in
                if isPlaceholder && (!check.marks.isEmpty || check.finds { type.check(value, &$0) }) {
                    check.report("\(check.path) is missing", expected: "expected \(type.expected)")
                } else {
                    type.check(value, &check)
                }
            }
        }
        values = { owner in
            guard applies(owner) else { return [] }
            let value = owner[keyPath: property]
            if let nested = type.values(value) {
                return nested.map { KeyValue(path: dotted(name, $0.path), text: $0.text) }
            }
            return [KeyValue(path: name, text: effective?(owner) ?? (type.explanation ?? type.text)(value))]
        }
    }

    /// A default as JSON; `nil` = none that a scalar could tell.
    private static func value(_ text: String) -> SchemaNode? {
        if text.isEmpty || text.hasPrefix("[") || text.hasPrefix("{") { return nil }
        if let number = Double(text) { return .number(number) }
        return ["true", "false"].contains(text) ? .flag(text == "true") : .text(text)
    }
}
