import Sluice
import Yams

/// The text of a file, as documents of nodes with their places.
struct YAMLText {
    var bytes: [UInt8]
    var path: String

    /// A definition of a megabyte is a mistake, not a definition.
    static let largest = 1 << 20

    func documents() -> Result<[DefinitionNode], DefinitionMistake> {
        do throws(DefinitionMistake) {
            let text = try decoded()
            try AliasGuard.check(text, path: path)
            var documents: [DefinitionNode] = []
            var conversion = YAMLConversion(path: path)
            for root in try roots(of: text) {
                let document = try conversion.node(root)
                if !document.isNothing { documents.append(document) }
            }
            return .success(documents)
        } catch {
            return .failure(error)
        }
    }

    private func decoded() throws(DefinitionMistake) -> String {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw mistake(line: 1, column: 1, "the file is in UTF-16", expected: "save it in UTF-8")
        }
        let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        if let text = String(validating: body, as: UTF8.self) { return text }
        let (line, column) = firstInvalid(in: body)
        throw mistake(line: line, column: column, "the text is not in UTF-8", expected: "save it in UTF-8")
    }

    private func firstInvalid(in bytes: ArraySlice<UInt8>) -> (line: Int, column: Int) {
        var (line, column) = (1, 1)
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        }
        return (line, column)
    }

    private func roots(of text: String) throws(DefinitionMistake) -> [Node] {
        do {
            // Without rules for tags: what a word means is up to the key's type, not to YAML's guess.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            var roots: [Node] = []
            while let root = try parser.nextRoot() { roots.append(root) }
            return roots
        } catch let error as YamlError {
            throw mistake(error)
        } catch {
            throw mistake(line: 1, column: 1, "it is not YAML: \(error)", expected: "expected a definition in YAML")
        }
    }

    private func mistake(_ error: YamlError) -> DefinitionMistake {
        let expected = "expected YAML"
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let during = context.map { "\($0.text): " } ?? ""
            return mistake(
                line: mark.line, column: mark.column, "this is not YAML: \(during)\(problem)",
                expected: Self.hint(problem) ?? expected)
        case .reader(let problem, let offset, _, let yaml):
            let before = yaml.prefix(offset ?? 0)
            let line = before.count(where: \.isNewline) + 1
            let column = before.reversed().prefix { !$0.isNewline }.count + 1
            return mistake(line: line, column: column, "this is not YAML: \(problem)", expected: expected)
        case .duplicatedKeysInMapping(let keys, let context):
            return mistake(
                line: context.mark.line, column: context.mark.column,
                "'\(keys.sorted().joined(separator: "', '"))' is written more than once in one map",
                expected: "expected each key once")
        default:
            return mistake(line: 1, column: 1, "this is not YAML: \(error)", expected: expected)
        }
    }

    /// What the parser's words most often come from.
    private static func hint(_ problem: String) -> String? {
        if problem.contains("cannot start any token") {
            return "indent with spaces, not tabs, and put a value that begins with a special character in quotes"
        }
        if problem.contains("mapping values are not allowed") {
            return "give the keys of one map the same indentation, and put a value with ': ' in it in quotes"
        }
        if problem.contains("undefined alias") { return "expected '&name' before '*name'" }
        return nil
    }

    private func mistake(line: Int, column: Int, _ problem: String, expected: String) -> DefinitionMistake {
        DefinitionMistake(at: .file(path, line: line, column: column), problem, expected: expected)
    }
}

extension DefinitionNode {
    /// A document with nothing in it, as behind a last `---`.
    fileprivate var isNothing: Bool {
        if case .scalar("", quoted: false) = content { true } else { false }
    }
}
