import Sluice

extension CommandContext {
    /// Where the definitions of a command come from: the files it names, else what the app makes in Swift.
    /// - Parameters:
    ///   - root: what relative paths of pipelines made in Swift are relative to; `nil` = the working directory.
    ///   - secrets: whether `${…}` without a value is a mistake (`check --no-secrets` says no).
    func definitionSource(_ files: [String], root: String? = nil, secrets: Bool = true) -> DefinitionSource {
        let folder = FolderLocation.absolute(root ?? console.workingDirectory, in: console.workingDirectory)
        return DefinitionSource(
            files: files, own: application.pipelines.map { $0.rooted(in: folder) },
            reader: DefinitionReader(
                environment: console.environment, secrets: secrets, functions: application.functions.map(\.name)))
    }

    /// The definitions of a command.
    /// - Throws: `CommandFailure` (78) with all mistakes, one a line; with `--json` they are on stdout instead.
    func definitions(_ files: [String], root: String? = nil, secrets: Bool = true) async throws -> DefinitionResult {
        try await definitions(of: definitionSource(files, root: root, secrets: secrets))
    }

    func definitions(of source: DefinitionSource) async throws -> DefinitionResult {
        let result = await source.read()
        for warning in result.warnings { note("warning: \(warning)") }
        if !result.mistakes.isEmpty { throw failure(of: result.mistakes) }
        return result
    }

    /// What a command with wrong definitions ends with; with `--json` their mistakes are printed by now.
    func failure(of mistakes: [DefinitionMistake]) -> CommandFailure {
        if json {
            print(documents: mistakes.map(MistakeDocument.init))
            return CommandFailure(.definition)
        }
        let lines = mistakes.map { "\($0)" }.joined(separator: "\n")
        return CommandFailure(.definition, "the definition is wrong\n\(lines)")
    }
}

extension Pipeline {
    fileprivate func rooted(in folder: String) -> Pipeline {
        var copy = self
        copy.root = root ?? folder
        return copy
    }
}

/// A mistake as one line of `--json`.
private struct MistakeDocument: Encodable {
    var version = 1
    /// The file, or the pipeline that was made in Swift.
    var place: String
    var line: Int?
    var column: Int?
    var problem: String
    var expected: String

    init(_ mistake: DefinitionMistake) {
        switch mistake.place {
        case .file(let path, let line, let column):
            place = path
            self.line = line
            self.column = column
        case .wholeFile(let path): place = path
        case .pipeline: place = "\(mistake.place)"
        }
        problem = mistake.problem
        expected = mistake.expected
    }
}
