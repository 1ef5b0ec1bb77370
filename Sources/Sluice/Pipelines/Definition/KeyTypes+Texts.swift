extension KeyType where Value == [String: String] {
    /// A map of names to texts.
    /// - Parameters:
    ///   - expected: such a map, in words, with an example.
    ///   - value: what each value is expected to be.
    ///   - pattern: of names, for the schema.
    static func texts(
        expected: String, value: String, check: @escaping @Sendable (Value, inout DefinitionCheck) -> Void,
        text: @escaping @Sendable (Value) -> String, pattern: String, mayBeEmpty: Bool = false
    ) -> KeyType {
        KeyType(
            form: "map of name: value", expected: expected,
            read: { node, _, reading in
                guard case .map(let entries) = node.content else {
                    reading.fail(
                        node.isAbsent ? "has no value" : "is \(node.kind)", expected: "expected \(expected)",
                        at: node.place)
                    return nil
                }
                var texts: [String: String] = [:]
                for entry in entries {
                    reading.at(entry.key) { reading in
                        reading.mark(entry)
                        texts[entry.key] = reading.text(entry.value, expected: value)
                    }
                }
                return texts
            },
            check: check, text: text,
            schema: {
                .map([
                    "type": .text("object"), "additionalProperties": .scalar(mayBeEmpty: mayBeEmpty),
                    "propertyNames": .map(["pattern": .text(pattern)]),
                ])
            })
    }
}
