/// What the definition asks of every raw record at intake: its name, its group, whom it is about.
package struct IntakeFields: Sendable {
    /// `id:`; `nil` = the record has none, and is called by its identity.
    package var name: String?
    /// `group:`; `nil` = the record has none.
    package var group: String?
    /// One for each value found, by kind and then in the order of the definition's paths; each once.
    package var subjectValues: [(kind: String, value: String)] = []
    /// The definition names a subject and the record has a value of no kind at any of its paths.
    package var missingSubject = false

    package init() {}
}

/// Reads `id`, `group` and `subject` from raw records, passing over each record once, however many paths there are.
///
/// A value is text (`JSONValue.scalarText`): `42` and `"42"` are one group. Null, an object, an array and an empty
/// text count as missing, as does everything in a record that is not JSON.
package struct IntakeReader: Sendable {
    private struct Subject: Sendable {
        let kind: String
        let normalise: [SubjectPath.Normalisation]
        let paths: [Int]
    }

    /// A member of the record that a path starts with.
    private struct Head: Sendable {
        let name: [UInt8]
        let path: Int
    }

    private var paths: [RecordPath] = []
    private var heads: [Head] = []
    private var id: Int?
    private var group: Int?
    private var subjects: [Subject] = []

    package init(id: RecordPath?, group: RecordPath?, subject: [String: SubjectPath]) {
        self.id = id.map { add($0) }
        self.group = group.map { add($0) }
        subjects = subject.sorted { $0.key < $1.key }.map { kind, plan in
            Subject(kind: kind, normalise: plan.normalise, paths: plan.paths.map { add($0) })
        }
    }

    package init(_ pipeline: Pipeline) {
        self.init(id: pipeline.id, group: pipeline.queue.group, subject: pipeline.subject)
    }

    /// Nothing is asked: `read` does not look at the record.
    package var isEmpty: Bool { paths.isEmpty }

    package func read(_ body: Bytes) -> IntakeFields {
        var fields = IntakeFields()
        guard !isEmpty else { return fields }
        let texts = texts(in: body)
        fields.name = id.flatMap { texts[$0] }
        fields.group = group.flatMap { texts[$0] }
        for subject in subjects {
            for path in subject.paths {
                guard let text = texts[path] else { continue }
                let value = subject.normalise.reduce(text) { $1.applied(to: $0) }
                let isKnown = fields.subjectValues.contains { $0.kind == subject.kind && $0.value == value }
                if !value.isEmpty, !isKnown { fields.subjectValues.append((subject.kind, value)) }
            }
        }
        fields.missingSubject = !subjects.isEmpty && fields.subjectValues.isEmpty
        return fields
    }

    private mutating func add(_ path: RecordPath) -> Int {
        if let known = paths.firstIndex(of: path) { return known }
        paths.append(path)
        if case .name(let name) = path.selectors.first {
            heads.append(Head(name: Array(name.utf8), path: paths.count - 1))
        }
        return paths.count - 1
    }

    /// The text at each path.
    private func texts(in body: Bytes) -> [String?] {
        guard heads.count == paths.count else {  // `$` or `$[0]`: not a member of an object
            return paths.map { $0.find(in: body)?.scalarText?.nonEmpty }
        }
        do {
            return try body.withScanner { (scanner) throws(JSONMistake) -> [String?] in
                let spans = try memberSpans(&scanner)
                return paths.indices.map { index in
                    spans[index].flatMap { text(of: $0, at: index, scanner, body) }?.nonEmpty
                }
            }
        } catch {
            return Array(repeating: nil, count: paths.count)  // not JSON, or no object: no paths
        }
    }

    /// Where the member that each path starts with stands: the last of that name.
    private func memberSpans(_ scanner: inout JSONScanner) throws(JSONMistake) -> [JSONSpan?] {
        var spans = [JSONSpan?](repeating: nil, count: paths.count)
        try scanner.enterObject()
        while let (name, value) = try scanner.nextMember() {
            for head in heads where scanner.isText(of: name, head.name) { spans[head.path] = value }
        }
        try scanner.finish()
        return spans
    }

    private func text(of span: JSONSpan, at path: Int, _ scanner: JSONScanner, _ body: Bytes) -> String? {
        let rest = paths[path].selectors.dropFirst()
        guard rest.isEmpty else {
            return RecordPath.find(rest, in: JSONValue(validated: span, in: body))?.scalarText
        }
        return scanner.scalarText(of: span)
    }
}

extension JSONScanner {
    /// As `JSONValue.scalarText`, of a value that this scanner has passed over.
    package func scalarText(of span: JSONSpan) -> String? {
        switch span.kind {
        case .string: text(of: span)
        case .number, .true, .false: String(decoding: raw(span), as: UTF8.self)
        case .object, .array, .null: nil
        }
    }
}

extension SubjectPath.Normalisation {
    /// A value as this normalisation writes it. The commands that look for a person apply the same.
    package func applied(to value: String) -> String {
        switch self {
        case .lower: return value.lowercased()
        case .trim:
            let head = value.drop { $0.isWhitespace }
            return head.lastIndex { !$0.isWhitespace }.map { String(head[...$0]) } ?? ""
        }
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
