import Foundation
import Sluice

/// The pipelines of a command: those of the files it names, else those that the app defines in Swift.
struct Definitions: Sendable {
    /// Each with its marks, for `check --explain`.
    var definitions: [Definition]
    var warnings: [String]

    var pipelines: [Pipeline] { definitions.map(\.pipeline) }

    /// - Parameters:
    ///   - root: what relative paths of pipelines written in Swift are relative to.
    ///   - secrets: whether missing `${…}` are mistakes (`check --no-secrets` says no).
    /// - Throws: `CommandFailure` (78) with all mistakes, one a line.
    static func load(
        _ files: [String], root: String?, secrets: Bool = true, context: CommandContext
    ) throws -> Definitions {
        let console = context.console
        let reader = DefinitionReader(
            environment: console.environment, secrets: secrets,
            functions: context.application.functions.map(\.name))
        let result = reader.read(files, with: files.isEmpty ? own(root, context) : [])
        guard result.mistakes.isEmpty else {
            throw CommandFailure(
                .definition, "the definition is wrong\n" + result.mistakes.map(\.description).joined(separator: "\n"))
        }
        return Definitions(definitions: result.definitions, warnings: result.warnings.map(\.description))
    }

    private static func own(_ root: String?, _ context: CommandContext) -> [Pipeline] {
        let here = context.console.workingDirectory
        let folder = FolderLocation.absolute(root ?? here, in: here)
        return context.application.pipelines.map { pipeline in
            var pipeline = pipeline
            pipeline.root = pipeline.root ?? folder
            return pipeline
        }
    }
}
