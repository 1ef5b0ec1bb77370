extension KeyType where Value == RecordPath {
    /// Where in a record: an RFC 9535 JSONPath of one value.
    static var path: KeyType {
        .scalar(
            form: "path, `$.customer.id`", expected: "a path of one value, such as '$.customer_id'",
            parse: { text throws(Complaint) in
                do throws(RecordPath.Mistake) {
                    return try RecordPath(parsing: text)
                } catch {
                    throw Complaint("is not a path of one value", expected: error.message, offset: error.offset)
                }
            },
            text: \.text, schema: .scalar(pattern: "^([$]|meta[.])"))
    }
}

extension KeyType where Value == [String: SubjectPath] {
    /// All the ways to say whom a record is about: a path or paths; a map of kinds to paths; and of kinds to a map
    /// with `path` and `normalise`.
    static var subjects: KeyType {
        let expected = "a path, a list of paths, or a map such as {customer: $.customer_id}"
        return KeyType(
            form: "path, list of paths, or map of kind: path", expected: expected,
            read: { node, _, reading in
                if node.isAbsent {
                    reading.fail("has no value", expected: "expected \(expected), or leave the key out", at: node.place)
                    return nil
                }
                guard case .map(let kinds) = node.content else {
                    return readPaths(node, &reading).map { [Subject.usualKind: SubjectPath($0)] }
                }
                var subjects: [String: SubjectPath] = [:]
                for kind in kinds {
                    reading.at(kind.key) { reading in
                        reading.mark(kind)
                        subjects[kind.key] = readSubject(kind.value, &reading)
                    }
                }
                return subjects
            },
            check: { subjects, check in
                for (kind, subject) in subjects.sorted(by: { $0.key < $1.key }) {
                    check.at(kind) { check in checkSubject(kind, subject, &check) }
                }
            },
            text: { subjects in
                let kinds = subjects.sorted { $0.key < $1.key }.map { "\($0.key): \(text(of: $0.value))" }
                return kinds.isEmpty ? "none" : "{" + kinds.joined(separator: ", ") + "}"
            },
            schema: {
                let paths = DefinitionKeys.subjectPaths.schema()
                let kinds: [String: SchemaNode] = [
                    "type": .text("object"), "propertyNames": .map(["pattern": .text("^[A-Za-z0-9_-]{1,40}$")]),
                    "additionalProperties": .any(of: [paths, DefinitionKeys.subject.schema]),
                ]
                return .any(of: [paths, .map(kinds)])
            })
    }

    private static func readPaths(_ node: DefinitionNode, _ reading: inout DefinitionReading) -> [RecordPath]? {
        DefinitionKeys.subjectPaths.read(node, [], &reading)
    }

    private static func readSubject(_ node: DefinitionNode, _ reading: inout DefinitionReading) -> SubjectPath? {
        guard case .map = node.content else { return readPaths(node, &reading).map { SubjectPath($0) } }
        return DefinitionKeys.subject.read(node, onto: SubjectPath([]), &reading)
    }

    private static func checkSubject(_ kind: String, _ subject: SubjectPath, _ check: inout DefinitionCheck) {
        let isPlain = kind.utf8.allSatisfy { $0.isWordByte || $0 == UInt8(ascii: "-") }
        if !isPlain || !(1...40).contains(kind.utf8.count) {
            check.report(
                "\(Quoting.quote(kind)) is no kind of person",
                expected: "expected 1 to 40 letters, digits, '-' and '_', such as 'customer'")
        }
        if subject.paths.isEmpty, check.knows("path") {
            check.report("\(check.path) has no path", expected: "expected a path, such as '$.customer_id'")
        }
    }

    private static func text(of subject: SubjectPath) -> String {
        let paths = subject.paths.map(\.text)
        let path = paths.count == 1 ? paths[0] : "[" + paths.joined(separator: ", ") + "]"
        guard !subject.normalise.isEmpty else { return path }
        return "{path: \(path), normalise: [\(subject.normalise.map(\.rawValue).joined(separator: ", "))]}"
    }
}
