import Foundation
import Sluice

/// The pipelines of a command: those of the files it names, else those that the app defines in Swift.
struct Definitions: Sendable {
    var pipelines: [Pipeline]
    var warnings: [String]

    /// - Parameters:
    ///   - root: what relative paths of pipelines written in Swift are relative to.
    ///   - secrets: whether missing `${…}` are mistakes (`check --no-secrets` says no).
    /// - Throws: `CommandFailure` (78) with all mistakes, one a line.
    static func load(
        _ files: [String], root: String?, secrets: Bool = true, context: CommandContext
    ) throws -> Definitions {
        let console = context.console
        guard !files.isEmpty else {
            let folder = FolderLocation.absolute(root ?? console.workingDirectory, in: console.workingDirectory)
            let pipelines = context.application.pipelines.map { pipeline in
                var pipeline = pipeline
                pipeline.root = pipeline.root ?? folder
                return pipeline
            }
            let definitions = Definitions(pipelines: pipelines, warnings: [])
            try definitions.refuse(definitions.mistakes(in: context.application))
            return definitions
        }
        let paths = try files.flatMap {
            try expand(FolderLocation.absolute($0, in: console.workingDirectory), as: $0)
        }
        let result = DefinitionReader.read(files: paths, environment: console.environment, secrets: secrets)
        let definitions = Definitions(pipelines: result.pipelines, warnings: result.warnings.map { "\($0)" })
        let mistakes = result.mistakes.map { "\($0)" }
        try definitions.refuse(mistakes + definitions.mistakes(in: context.application))
        return definitions
    }

    /// A folder stands for the definitions in it.
    private static func expand(_ path: String, as written: String) throws -> [String] {
        guard FolderLocation.isDirectory(path) else { return [path] }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw CommandFailure(.definition, "\(written): \(error.localizedDescription)")
        }
        let definitions = names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
        guard !definitions.isEmpty else {
            throw CommandFailure(.definition, "\(written): no definition (*.yaml, *.yml) in this folder")
        }
        return definitions.map { "\(path)/\($0)" }
    }

    /// What a single definition cannot know: the app's functions, and the other pipelines.
    func mistakes(in application: Application) -> [String] {
        unknownFunctions(application) + repeated(\.name, "pipelines are called")
            + repeated(\.intakeQueue, "pipelines have the source queue")
    }

    private func unknownFunctions(_ application: Application) -> [String] {
        let names = application.functions.map(\.name)
        return pipelines.compactMap { pipeline in
            guard let function = pipeline.transform?.function, !names.contains(function) else { return nil }
            let hint: String
            if let nearest = NearestName.to(function, in: names) {
                hint = "did you mean '\(nearest)'?"
            } else if names.isEmpty {
                hint = "\(application.name) has no Swift functions; run this definition with the app that has it"
            } else {
                hint = "\(application.name) has \(names.map { "'\($0)'" }.joined(separator: ", "))"
            }
            return "pipeline \(pipeline.name): there is no function '\(function)'; \(hint)"
        }
    }

    private func repeated(_ key: (Pipeline) -> String, _ what: String) -> [String] {
        Dictionary(grouping: pipelines.map(key), by: \.self).filter { $0.value.count > 1 }.keys.sorted()
            .map { "two \(what) '\($0)'; each needs its own" }
    }

    private func refuse(_ mistakes: [String]) throws {
        guard !mistakes.isEmpty else { return }
        throw CommandFailure(.definition, "the definition is wrong\n" + mistakes.joined(separator: "\n"))
    }
}
