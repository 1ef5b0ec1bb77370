/// One pass over one document: keys are read from nodes, and every mistake is kept while the pass goes on.
struct DefinitionReading {
    let variables: DefinitionVariables
    private(set) var marks: DefinitionMarks
    private(set) var mistakes: [DefinitionMistake] = []
    private(set) var secrets = Secrets()
    /// The key that is being read, dotted; empty = the document.
    private(set) var path = ""

    init(variables: DefinitionVariables, start: DefinitionPlace) {
        self.variables = variables
        marks = DefinitionMarks(start: start)
    }

    /// Reads below the key `name`.
    mutating func at<Result>(_ name: String, _ body: (inout DefinitionReading) -> Result) -> Result {
        let outer = path
        path = dotted(outer, name)
        defer { path = outer }
        return body(&self)
    }

    /// Reads the item `index` of the list that is being read.
    mutating func at<Result>(index: Int, of node: DefinitionNode, _ body: (inout DefinitionReading) -> Result) -> Result
    {
        let outer = path
        path = "\(outer)[\(index)]"
        marks.record(path, key: node.place, value: node.place)
        defer { path = outer }
        return body(&self)
    }

    mutating func mark(_ entry: DefinitionEntry) {
        marks.record(path, key: entry.place, value: entry.value.place)
    }

    mutating func report(_ problem: String, expected: String, at place: DefinitionPlace) {
        mistakes.append(DefinitionMistake(at: place, problem, expected: expected))
    }

    /// Reports what is wrong with the value of the current key, which then counts as unread.
    mutating func fail(_ problem: String, expected: String, at place: DefinitionPlace) {
        report(path.isEmpty ? problem : "\(path): \(problem)", expected: expected, at: place)
        marks.recordUnread(path)
    }

    /// The text of a scalar, with what its `${…}` stand for; `nil` = there is none, and the reason is noted.
    mutating func text(_ node: DefinitionNode, expected: String) -> String? {
        guard case .scalar(let written, _) = node.content else {
            fail("is \(node.kind)", expected: "expected \(expected)", at: node.place)
            return nil
        }
        guard !node.isAbsent else {
            fail("has no value", expected: "expected \(expected), or leave the key out", at: node.place)
            return nil
        }
        return interpolated(written, at: node.place)
    }

    private mutating func interpolated(_ written: String, at place: DefinitionPlace) -> String? {
        let expansion = Interpolation.expand(written, with: variables)
        for complaint in expansion.complaints {
            fail(complaint.problem, expected: complaint.expected ?? "write '$${' for a literal '${'", at: place)
        }
        guard expansion.complaints.isEmpty else { return nil }
        guard let text = expansion.text else {
            marks.recordUnread(path)
            return nil
        }
        for secret in expansion.secrets { secrets.insert(secret) }
        for password in Secrets.passwords(inURLsOf: text) { secrets.insert(password) }
        marks.record(
            path, written: expansion.secrets.isEmpty ? secrets.mask(text) : "(hidden)", origins: expansion.origins)
        return text
    }

    /// `'20m'`, shortened and without control characters; a secret is not shown.
    func quoted(_ text: String) -> String { Quoting.quote(marks.marks[path]?.written ?? text) }
}

enum Quoting {
    static func quote(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(80) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned:
                shown += scalar.escaped(asASCII: true)
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.count > 80 ? "'\(shown)…'" : "'\(shown)'"
    }
}
