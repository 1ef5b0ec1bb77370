import Sluice

/// Refuses what would keep the YAML parser busy for years. It compares the keys of each map by their whole content,
/// so a key that is an alias of aliases of aliases costs what it stands for, before any bound of ours is asked.
/// No definition has a key that is not a word, so a file with many aliases and such a key is refused unread.
enum AliasGuard {
    /// With so few, even keys made of aliases cost little.
    private static let harmless = 16

    static func check(_ text: String, path: String) throws(DefinitionMistake) {
        let bytes = Array(text.utf8)
        var aliases = 0
        var suspicious: (line: Int, column: Int)?
        var (line, lineStart) = (1, 0)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"): (line, lineStart) = (line + 1, index + 1)
            case UInt8(ascii: "*") where bytes.isWord(at: index + 1): aliases += 1
            case UInt8(ascii: "?") where bytes.isSpace(at: index + 1):
                suspicious = suspicious ?? (line, index - lineStart + 1)
            case UInt8(ascii: ":") where bytes.endsCollectionOrAlias(before: index):
                suspicious = suspicious ?? (line, index - lineStart + 1)
            default: break
            }
        }
        guard aliases > harmless, let suspicious else { return }
        throw DefinitionMistake(
            at: .file(path, line: suspicious.line, column: suspicious.column),
            "this looks like a key that is no word, in a file of \(aliases) aliases",
            expected: "expected keys that are words")
    }
}

extension [UInt8] {
    fileprivate func isWord(at index: Int) -> Bool {
        guard index < count else { return false }
        return switch self[index] {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    fileprivate func isSpace(at index: Int) -> Bool {
        guard index < count else { return true }
        return [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains(self[index])
    }

    /// Whether what stands before the colon ends a list, a map or an alias, on the same line or an earlier one.
    fileprivate func endsCollectionOrAlias(before colon: Int) -> Bool {
        var index = colon - 1
        while index >= 0, isSpace(at: index) { index -= 1 }
        guard index >= 0 else { return false }
        if self[index] == UInt8(ascii: "]") { return true }
        if self[index] == UInt8(ascii: "}") { return !endsReference(at: index) }
        while index >= 0, isWord(at: index) { index -= 1 }
        return index >= 0 && self[index] == UInt8(ascii: "*")
    }

    /// `${NAME}` is no map.
    private func endsReference(at brace: Int) -> Bool {
        guard let open = self[..<brace].lastIndex(of: UInt8(ascii: "{")), open > 0 else { return false }
        return self[open - 1] == UInt8(ascii: "$")
    }
}
