import Sluice

extension CommandContext {
    /// The definition of a pipeline: of the file that is named, of the app, or the one that ran last on the data folder.
    /// - Returns: it, and a context that hides its secrets.
    /// - Throws: `CommandFailure` when it cannot be told, or is wrong.
    func latestDefinition(of name: String, file: String?) async throws -> (Pipeline, CommandContext) {
        var files = file.map { [$0] } ?? []
        let isOwn = application.pipelines.contains { $0.name == name }
        if files.isEmpty, !isOwn {
            let report = try await withControl { try await $0.status(pipeline: name) }
            files = report.pipelines.compactMap(\.definition)
            guard !files.isEmpty else {
                throw CommandFailure(.usage, "pipeline '\(name)' has not run here yet: name its definition with --file")
            }
        }
        let result = try await definitions(files)
        let context = masking(result.masker)
        return (try context.pipeline(named: name, among: result.pipelines), context)
    }
}
