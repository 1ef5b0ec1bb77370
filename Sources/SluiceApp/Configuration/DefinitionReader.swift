import Foundation
package import Sluice

/// Reads definitions from files and folders, and checks them together with those of an app.
///
/// It never throws for a definition: what is wrong, with a file or in it, is in the result, all of it at once.
package struct DefinitionReader: Sendable {
    /// What `${NAME}` stands for.
    package var environment: [String: String]
    /// False: check without what is missing and without secrets (`--no-secrets`).
    package var secrets: Bool
    /// The Swift functions of this executable; `nil` = not known, and not checked.
    package var functions: [String]?

    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment, secrets: Bool = true,
        functions: [String]? = nil
    ) {
        self.environment = environment
        self.secrets = secrets
        self.functions = functions
    }

    /// - Parameters:
    ///   - paths: files, or folders: of those every file that ends in `.yaml` or `.yml`, in the order of names.
    ///   - pipelines: those that the app builds in Swift.
    package func read(_ paths: [String], with pipelines: [Pipeline] = []) -> DefinitionResult {
        var (result, files) = parse(paths, with: pipelines)
        finish(&result, order: files)
        return result
    }

    /// Reads them, and asks what will run the functions whether it can: compiles jq programs.
    package func readAndCheck(_ paths: [String], with pipelines: [Pipeline] = []) async -> DefinitionResult {
        var (result, files) = parse(paths, with: pipelines)
        for definition in result.definitions {
            result.findings.mistakes += await FunctionCheck.mistakes(in: definition)
        }
        finish(&result, order: files)
        return result
    }

    private func parse(_ paths: [String], with pipelines: [Pipeline]) -> (DefinitionResult, files: [String]) {
        var result = DefinitionResult()
        for pipeline in pipelines {
            result.definitions.append(Definition(of: pipeline))
            result.findings.add(pipeline.validate())
        }
        let (files, mistakes) = DefinitionFiles.list(paths)
        result.findings.mistakes += mistakes
        for file in files { read(file, into: &result) }
        return (result, files.map(\.path))
    }

    /// The same for a text that is not in a file: `name` stands in for its path.
    package func read(text: String, name: String, root: String? = nil) -> DefinitionResult {
        var result = DefinitionResult()
        read(YAMLText(bytes: Array(text.utf8), path: name), root: root, into: &result)
        finish(&result, order: [name])
        return result
    }

    private func finish(_ result: inout DefinitionResult, order files: [String]) {
        result.findings.mistakes += Definition.clashes(among: result.definitions)
        if let functions {
            result.findings.mistakes += result.definitions.compactMap { $0.unknownFunction(among: functions) }
        }
        result.finish(order: files)
    }

    private func read(_ file: DefinitionFiles.File, into result: inout DefinitionResult) {
        switch RegularFile.read(file.path, limit: YAMLText.largest) {
        case .success(let bytes): read(YAMLText(bytes: bytes, path: file.path), root: file.folder, into: &result)
        case .failure(let reason):
            result.findings.mistakes.append(
                DefinitionMistake(at: .wholeFile(file.path), reason.problem, expected: reason.expected))
        }
    }

    private func read(_ text: YAMLText, root: String?, into result: inout DefinitionResult) {
        let variables = DefinitionVariables.ofThisMachine(environment: environment, folder: root, secrets: secrets)
        switch text.documents() {
        case .success(let documents):
            if documents.isEmpty {
                result.findings.mistakes.append(
                    DefinitionMistake(
                        at: .file(text.path, line: 1, column: 1), "there is no definition in it",
                        expected: "expected 'pipeline', 'source' and 'deliver'"))
            }
            for document in documents {
                let read = Definition.read(document, variables: variables, root: root)
                result.definitions.append(read.definition)
                result.findings.add(read.findings)
                result.masker.formUnion(read.definition.secrets)
            }
        case .failure(let mistake): result.findings.mistakes.append(mistake)
        }
    }
}

/// All that came of reading definitions.
package struct DefinitionResult: Sendable {
    /// Each pipeline with its marks. Where there are mistakes it has placeholders.
    package internal(set) var definitions: [Definition] = []
    package internal(set) var findings = DefinitionFindings()
    /// The secrets that the definitions hold: every log line and error text goes through it.
    package internal(set) var masker = Secrets()

    /// Fit to be run: empty when there is any mistake.
    package var pipelines: [Pipeline] { findings.mistakes.isEmpty ? definitions.map(\.pipeline) : [] }
    /// In the order of files, lines and columns.
    package var mistakes: [DefinitionMistake] { findings.mistakes }
    package var warnings: [DefinitionMistake] { findings.warnings }

    /// The definitions in effect, for `check --explain`: every value, where it came from, the names of queues.
    package var explanation: String {
        definitions.map(\.explanationText).joined(separator: "\n\n")
    }

    mutating func finish(order files: [String]) {
        let order = Dictionary(files.enumerated().map { ($1, $0) }, uniquingKeysWith: min)
        func position(_ mistake: DefinitionMistake) -> (Int, Int, Int) {
            switch mistake.place {
            case .pipeline: (-1, 0, 0)
            case .wholeFile(let path): (order[path] ?? -1, 0, 0)
            case .file(let path, let line, let column): (order[path] ?? -1, line, column)
            }
        }
        func finished(_ list: [DefinitionMistake]) -> [DefinitionMistake] {
            var seen: Set<DefinitionMistake> = []
            // A map that an anchor stands for is read, and found wrong, once for each alias.
            return list.map(masked).filter { seen.insert($0).inserted }.sorted { position($0) < position($1) }
        }
        findings.mistakes = finished(findings.mistakes)
        findings.warnings = finished(findings.warnings)
    }

    private func masked(_ mistake: DefinitionMistake) -> DefinitionMistake {
        DefinitionMistake(
            at: mistake.place, masker.mask(mistake.problem), expected: masker.mask(mistake.expected))
    }
}
