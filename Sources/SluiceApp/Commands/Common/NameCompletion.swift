import ArgumentParser
import Sluice

/// Names for the shell to complete. Those of a process that runs, because it knows them at once: to open a data folder
/// for a key press takes too long.
enum NameCompletion {
    static let pipelines = CompletionKind.custom { words, _, _ in
        await names(words) { try await $0.hello().pipelines }
    }

    /// `PIPELINE` and `PIPELINE/STEP`.
    static let steps = CompletionKind.custom { words, _, _ in
        await names(words) { control in
            try await control.status(pipeline: nil).pipelines.flatMap { pipeline in
                [pipeline.name] + pipeline.steps.map(\.name.description)
            }
        }
    }

    static let queues = CompletionKind.custom { words, _, _ in
        await names(words) { try await $0.queues(named: nil).filter { $0.role != .delivery }.map(\.name) }
    }

    static let buckets = CompletionKind.custom { words, _, _ in
        await names(words) { try await $0.buckets(named: nil).map(\.name) }
    }

    /// - Parameter words: the command line so far.
    private static func names(
        _ words: [String], _ ask: @Sendable (RemoteControl) async throws -> [String]
    ) async -> [String] {
        guard let console = Application.current?.console else { return [] }
        do {
            let flag = words.firstIndex(of: "--data").flatMap { words.dropFirst($0 + 1).first }
            let folder = try FolderLocation.find(
                flag: flag, environment: console.environment, workingDirectory: console.workingDirectory,
                mayCreate: false)
            guard let remote = try await RemoteControl.connect(folder: folder.path, answerWithin: .seconds(1)) else {
                return []
            }
            let names = try await ask(remote)
            try await remote.close()
            return names
        } catch {
            // A shell that completes has no place for it; the command itself will say.
            return []
        }
    }
}
