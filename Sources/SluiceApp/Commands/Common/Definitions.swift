import Sluice

extension CommandContext {
    /// The definitions of a command: those of the files it names, else those that the app makes in Swift.
    /// - Parameters:
    ///   - root: what relative paths of pipelines made in Swift are relative to; `nil` = the working directory.
    ///   - secrets: whether `${…}` without a value is a mistake (`check --no-secrets` says no).
    /// - Throws: `CommandFailure` (78) with all mistakes, one a line; with `--json` they are on stdout instead.
    func definitions(_ files: [String], root: String? = nil, secrets: Bool = true) throws -> DefinitionResult {
        let folder = FolderLocation.absolute(root ?? console.workingDirectory, in: console.workingDirectory)
        let own = files.isEmpty ? application.pipelines : []
        let reader = DefinitionReader(
            environment: console.environment, secrets: secrets, functions: application.functions.map(\.name))
        let result = reader.read(files, with: own.map { $0.rooted(in: folder) })
        for warning in result.warnings { note("warning: \(warning)") }
        guard result.mistakes.isEmpty else {
            if json {
                print(documents: result.mistakes.map(MistakeDocument.init))
                throw CommandFailure(.definition)
            }
            let mistakes = result.mistakes.map { "\($0)" }.joined(separator: "\n")
            throw CommandFailure(.definition, "the definition is wrong\n\(mistakes)")
        }
        return result
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
