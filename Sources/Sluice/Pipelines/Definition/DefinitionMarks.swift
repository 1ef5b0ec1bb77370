/// What a file said about the keys of one pipeline: where each was written, how, and which could not be read.
/// A pipeline that was built in Swift has none but its name.
package struct DefinitionMarks: Hashable, Sendable {
    struct Mark: Hashable, Sendable {
        var key: DefinitionPlace
        var value: DefinitionPlace
        /// The text as it may be shown; `nil` = not one scalar.
        var written: String?
        /// What its `${…}` stood for.
        var origins: [String] = []
    }

    /// Where the definition as a whole is.
    package var start: DefinitionPlace
    /// By dotted path: `transform.timeout`.
    private(set) var marks: [String: Mark] = [:]
    /// Keys whose mistake is told already, and those that `--no-secrets` cannot know.
    private(set) var unread: Set<String> = []

    package init(start: DefinitionPlace) { self.start = start }

    mutating func record(_ path: String, key: DefinitionPlace, value: DefinitionPlace) {
        marks[path] = Mark(key: key, value: value)
    }

    mutating func record(_ path: String, written: String, origins: [String]) {
        marks[path]?.written = written
        marks[path]?.origins += origins
    }
    mutating func recordUnread(_ path: String) { unread.insert(path) }

    /// The place of a key's value, or of the innermost map that would hold it.
    func place(of path: String) -> DefinitionPlace {
        if let mark = marks[path] { return mark.value }
        var parent = path[...]
        while let end = parent.lastIndex(where: { $0 == "." || $0 == "[" }) {
            parent = parent[..<end]
            if let mark = marks[String(parent)] { return mark.key }
        }
        return start
    }

    /// Where the value of a key was written; also that of the list or map that it was written in as a whole.
    func valuePlace(of path: String) -> DefinitionPlace? { marks[path]?.value }

    /// What the `${…}` of a value, and of the values in it, stood for.
    func origins(of path: String) -> [String] {
        let inner = marks.filter { $0.key == path || $0.key.hasPrefix("\(path).") || $0.key.hasPrefix("\(path)[") }
        return inner.sorted { $0.key < $1.key }.flatMap(\.value.origins)
    }

    /// True for a pipeline that was built in Swift.
    var isEmpty: Bool { marks.isEmpty }

    package func isGiven(_ path: String) -> Bool { marks[path] != nil }
    package func place(ofKey path: String) -> DefinitionPlace? { marks[path]?.key }
}

/// `transform`, `timeout` → `transform.timeout`.
func dotted(_ parent: String, _ key: String) -> String { parent.isEmpty ? key : "\(parent).\(key)" }
