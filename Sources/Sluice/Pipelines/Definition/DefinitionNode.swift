/// One value of a definition as it was written, with its place: what the keys are read from, whatever the
/// file's syntax.
package struct DefinitionNode: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// The text between the quotes, or the bare word: its meaning is up to the key's type.
        case scalar(String, quoted: Bool)
        case list([DefinitionNode])
        case map([DefinitionEntry])
    }

    package var content: Content
    package var place: DefinitionPlace

    package init(_ content: Content, at place: DefinitionPlace) {
        self.content = content
        self.place = place
    }

    /// `key:` with nothing behind it.
    var isAbsent: Bool {
        if case .scalar(let text, quoted: false) = content { ["", "~", "null"].contains(text) } else { false }
    }

    /// The bare or quoted word, when it is one.
    var word: String? {
        if case .scalar(let text, quoted: _) = content { text } else { nil }
    }

    /// Where a character of the text stands; the place of the whole where the text is not as it was written.
    func place(of offset: Int?, in text: String) -> DefinitionPlace {
        guard let offset, case .scalar(let written, let quoted) = content, written == text else { return place }
        let isPlain = !text.contains { $0.isNewline || $0 == "\\" || $0 == "'" || $0 == "\"" }
        return isPlain ? place.moved(by: offset + (quoted ? 1 : 0)) : place
    }

    /// What it is, for people.
    var kind: String {
        switch content {
        case .scalar: "a single value"
        case .list: "a list"
        case .map: "a map"
        }
    }
}

/// One `key: value` of a map, in the order written.
package struct DefinitionEntry: Hashable, Sendable {
    package var key: String
    package var place: DefinitionPlace
    package var value: DefinitionNode

    package init(key: String, place: DefinitionPlace, value: DefinitionNode) {
        self.key = key
        self.place = place
        self.value = value
    }
}
