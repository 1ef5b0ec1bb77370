/// Where a mistake is.
public enum DefinitionPlace: Hashable, Sendable, Codable {
    /// Line and column count from 1, columns in Unicode scalars.
    case file(String, line: Int, column: Int)
    /// A file as a whole: it cannot be read.
    case wholeFile(String)
    /// A pipeline that was built in Swift.
    case pipeline(String)
}

extension DefinitionPlace {
    /// So many characters further on the same line.
    func moved(by columns: Int) -> DefinitionPlace {
        guard case .file(let path, let line, let column) = self else { return self }
        return .file(path, line: line, column: column + columns)
    }
}

extension DefinitionPlace: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .wholeFile(let path): path
        case .pipeline(let name): "pipeline '\(name)'"
        }
    }
}

/// One thing that is wrong with a definition, or, as a warning, that is surely not what was meant.
public struct DefinitionMistake: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    public var place: DefinitionPlace
    /// What is wrong: `transform.timeout: '20m' is more than 15m`.
    public var problem: String
    /// What was expected, or what to write instead.
    public var expected: String

    public init(at place: DefinitionPlace, _ problem: String, expected: String) {
        self.place = place
        self.problem = problem
        self.expected = expected
    }

    /// `file:line:column: what is wrong; what was expected`
    public var description: String { "\(place): \(problem); \(expected)" }
}

/// All that a check of definitions found. A definition with mistakes is not run; one with warnings is.
public struct DefinitionFindings: Hashable, Sendable {
    public var mistakes: [DefinitionMistake] = []
    public var warnings: [DefinitionMistake] = []

    public init() {}

    package mutating func add(_ other: DefinitionFindings) {
        mistakes += other.mistakes
        warnings += other.warnings
    }
}

/// Why the text of one value is not what its key takes: the two halves of a mistake.
struct Complaint: Error {
    /// After the quoted text: `has no unit`.
    var problem: String
    /// `nil` = what the key's type expects.
    var expected: String?
    /// Where in the text, in Unicode scalars from 0; `nil` = it is about the whole.
    var offset: Int?

    init(_ problem: String, expected: String? = nil, offset: Int? = nil) {
        self.problem = problem
        self.expected = expected
        self.offset = offset
    }
}
