extension KeyType {
    /// A list, in the order written.
    /// - Parameters:
    ///   - base: what the keys of an item are read onto.
    ///   - orOne: a single value is a list of it.
    static func list<Element>(of element: KeyType<Element>, base: Element, orOne: Bool = false) -> KeyType
    where Value == [Element] {
        let expected = (orOne ? "one value or a list: " : "a list, each ") + element.expected
        return KeyType(
            form: orOne ? "\(element.form), or a list" : "list: \(element.form)", expected: expected,
            read: { node, _, reading in
                readList(node, of: element, base: base, orOne: orOne, expected: expected, &reading)
            },
            check: { elements, check in
                for (index, value) in elements.enumerated() {
                    check.at(index: index) { element.check(value, &$0) }
                }
            },
            text: { elements in "[" + elements.map(element.inlineText).joined(separator: ", ") + "]" },
            rows: { element.rows().map { $0.inList } },
            schema: {
                let list = SchemaNode.map(["type": .text("array"), "items": element.schema()])
                return orOne ? .any(of: [element.schema(), list]) : list
            })
    }

    private static func readList<Element>(
        _ node: DefinitionNode, of element: KeyType<Element>, base: Element, orOne: Bool, expected: String,
        _ reading: inout DefinitionReading
    ) -> [Element]? {
        switch node.content {
        case .list(let items):
            // An item that could not be read keeps its place, so that those behind it are checked under their own.
            return items.enumerated().map { index, item in
                reading.at(index: index, of: item) { element.read(item, base, &$0) ?? base }
            }
        case .scalar where node.isAbsent:
            reading.fail("has no value", expected: "expected \(expected), or leave the key out", at: node.place)
        case .scalar where orOne:
            return element.read(node, base, &reading).map { [$0] }
        case .scalar(let word, _):
            reading.fail("\(Quoting.quote(word)) is no list", expected: "expected \(expected)", at: node.place)
        case .map:
            reading.fail("is a map", expected: "expected \(expected)", at: node.place)
        }
        return nil
    }
}

extension KeyType {
    /// On one line: `{match: ValidationError, then: reject}`.
    fileprivate var inlineText: (Value) -> String {
        { value in
            guard isMap, let values = values(value) else { return text(value) }
            return "{" + values.map { "\($0.path): \($0.text)" }.joined(separator: ", ") + "}"
        }
    }
}

extension KeyRow {
    /// The key of a map in a list: `errors[].match`.
    fileprivate var inList: KeyRow {
        KeyRow(path: "[].\(path)", form: form, fallback: fallback, meaning: meaning)
    }
}
