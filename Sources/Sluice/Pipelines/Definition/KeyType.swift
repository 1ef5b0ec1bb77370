/// How a key's value is written, read, checked and shown. One for each kind of value; ranges are part of it.
struct KeyType<Value: Hashable & Sendable>: Sendable {
    /// For the reference: `duration, 1s…15m`.
    var form: String
    /// For mistakes: what stands behind "expected".
    var expected: String
    /// From a node onto what is there without the key (the default). `nil` = it could not be read; the reading
    /// knows why.
    var read: @Sendable (DefinitionNode, Value, inout DefinitionReading) -> Value?
    /// What is wrong with a value that could be read, or that was built in Swift.
    var check: @Sendable (Value, inout DefinitionCheck) -> Void
    /// As it would be written.
    var text: @Sendable (Value) -> String
    /// `text`, with what a reader cannot see in it: the bytes of a size.
    var explanation: (@Sendable (Value) -> String)?
    var isMap = false
    /// The keys of a map, for the reference; empty for anything else.
    var rows: @Sendable () -> [KeyRow] = { [] }
    /// The values of a map, one by one; `nil` for anything else, and for a map that is absent.
    var values: @Sendable (Value) -> [KeyValue]? = { _ in nil }
    /// For the JSON Schema: what may be written.
    var schema: @Sendable () -> SchemaNode = { .anything }
}

/// One key of the reference.
package struct KeyRow: Hashable, Sendable {
    /// Dotted: `transform.timeout`.
    package var path: String
    package var form: String
    /// `nil` = required.
    package var fallback: String?
    package var meaning: String
}

/// One value of an effective definition.
struct KeyValue: Hashable, Sendable {
    var path: String
    var text: String
}

extension KeyType {
    /// A value written as one scalar.
    static func scalar(
        form: String, expected: String, parse: @escaping @Sendable (String) throws(Complaint) -> Value,
        text: @escaping @Sendable (Value) -> String,
        problem: @escaping @Sendable (Value) -> Complaint? = { _ in nil },
        schema: @autoclosure @escaping @Sendable () -> SchemaNode = .scalar()
    ) -> KeyType {
        KeyType(
            form: form, expected: expected,
            read: { node, _, reading in
                guard let text = reading.text(node, expected: expected) else { return nil }
                do throws(Complaint) {
                    return try parse(text)
                } catch {
                    reading.fail(
                        "\(reading.quoted(text)) \(error.problem)", expected: error.expected ?? "expected \(expected)",
                        at: node.place(of: error.offset, in: text))
                    return nil
                }
            },
            check: { value, check in
                guard let complaint = problem(value) else { return }
                check.complain(
                    about: text(value), complaint.problem, expected: complaint.expected ?? "expected \(expected)")
            },
            text: text, schema: { schema().orInterpolated })
    }

    /// The value, or none of it: `none`, `auto`.
    /// - Parameter base: what the keys of a map are read onto where the default is no map.
    func or(_ word: String, base: Value) -> KeyType<Value?> {
        KeyType<Value?>(
            form: "\(form), or `\(word)`", expected: "\(expected), or '\(word)'",
            read: { node, current, reading in
                if node.word == word { return .some(nil) }
                if isMap, let other = node.word, !node.isAbsent {
                    reading.fail(
                        "\(Quoting.quote(other)) is no map", expected: "expected \(expected), or '\(word)'",
                        at: node.place)
                    return nil
                }
                return read(node, current ?? base, &reading)
            },
            check: { value, check in if let value { self.check(value, &check) } },
            text: { $0.map(text) ?? word }, explanation: { $0.map(explanation ?? text) ?? word }, rows: rows,
            values: { $0.flatMap(values) }, schema: { .any(of: [schema(), .words([word])]) })
    }

    /// The value, or what the meaning of the key says when it is not written.
    func optional(base: Value) -> KeyType<Value?> {
        var type = or("none", base: base)
        type.form = form
        type.expected = expected
        type.read = { node, current, reading in read(node, current ?? base, &reading) }
        type.schema = schema
        return type
    }

    /// Another property type for the same way of writing.
    func mapped<Other: Hashable & Sendable>(
        to wrap: @escaping @Sendable (Value) -> Other, from unwrap: @escaping @Sendable (Other) -> Value
    ) -> KeyType<Other> {
        let shown = explanation ?? text
        return KeyType<Other>(
            form: form, expected: expected,
            read: { node, current, reading in read(node, unwrap(current), &reading).map(wrap) },
            check: { value, check in self.check(unwrap(value), &check) },
            text: { value in text(unwrap(value)) }, explanation: { value in shown(unwrap(value)) }, rows: rows,
            values: { value in values(unwrap(value)) }, schema: schema)
    }
}

extension KeyType {
    /// A map with keys of its own.
    static func section(_ table: KeyTable<Value>) -> KeyType {
        KeyType(
            form: "map", expected: "a map with \(table.mainKeys)",
            read: { node, base, reading in table.read(node, onto: base, &reading) },
            check: { value, check in table.check(value, &check) }, text: { _ in "" }, isMap: true,
            rows: { table.rows },
            values: { table.values(of: $0) }, schema: { table.schema })
    }

    /// A map, or a list with one of it: several are a later version's.
    static func oneOf(_ section: KeyType, noun: String) -> KeyType {
        var type = section
        type.form = "map, or a list of one"
        type.schema = {
            let map = section.schema()
            let list: [String: SchemaNode] = [
                "type": .text("array"), "items": map, "minItems": .number(1), "maxItems": .number(1),
            ]
            return .any(of: [map, .map(list)])
        }
        type.read = { node, base, reading in
            guard case .list(let items) = node.content else { return section.read(node, base, &reading) }
            guard let only = items.first, items.count == 1 else {
                let place = items.dropFirst().first?.place ?? node.place
                reading.fail(
                    "is a list of \(items.count)", expected: "this version has one \(noun) a pipeline", at: place)
                return nil
            }
            return section.read(only, base, &reading)
        }
        return type
    }
}
