import ArgumentParser
import Logging
import Sluice
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceApp

@Suite("How a command comes to the data folder")
struct FolderAccessTests {
    @Test("a folder that another process makes just now is waited for, as one that was there before")
    func madeMeanwhile() async throws {
        let scratch = try ScratchFolder()
        let folder = scratch.path + "/data"
        let context = try CommandContext(assembly: OvertakingAssembly(), folder: folder)
        switch try await context.access(folder, mayCreate: true, use: .lasting) {
        case .remote: Issue.record("nobody listens in that folder")
        case .local(let engine): await engine.close()
        }
    }
}

/// The real one, but another process is a moment ahead of the first `open`: it makes the folder, and soon lets it go.
private final class OvertakingAssembly: EngineAssembly {
    private let inner = EmbeddedAssembly()
    private let isFirst = Mutex(true)

    func open(folder: String, create: Bool, clockRate: Int, logger: Logger) async throws -> any OpenEngine {
        if isFirst.withLock({ exchange(&$0, with: false) }) {
            let other = try await inner.open(folder: folder, create: true, clockRate: clockRate, logger: logger)
            Task {
                try await Task.sleep(for: .milliseconds(100))
                await other.close()
            }
        }
        return try await inner.open(folder: folder, create: create, clockRate: clockRate, logger: logger)
    }

    func path(ofBlob blob: String, folder: String) -> String { inner.path(ofBlob: blob, folder: folder) }

    func logs(folder: String) -> any LogStore { inner.logs(folder: folder) }

    func upload(
        folder: String, bucket: String, key: String, _ next: () async throws -> Bytes?
    ) async throws -> ObjectUpload {
        try await inner.upload(folder: folder, bucket: bucket, key: key, next)
    }

    func check(folder: String, logger: Logger) async throws -> [String] {
        try await inner.check(folder: folder, logger: logger)
    }

    func probeSink(of pipeline: Pipeline, logger: Logger) async throws -> SinkError? {
        try await inner.probeSink(of: pipeline, logger: logger)
    }

    func repair(folder: String, logger: Logger) async throws -> RepairReport {
        try await inner.repair(folder: folder, logger: logger)
    }

    func upgrade(folder: String) throws -> [String] { try inner.upgrade(folder: folder) }

    func backUp(folder: String, to backup: String, logger: Logger) async throws -> BackupReport {
        try await inner.backUp(folder: folder, to: backup, logger: logger)
    }

    func restore(folder: String, from backup: String, logger: Logger) async throws -> RestoreReport {
        try await inner.restore(folder: folder, from: backup, logger: logger)
    }
}

extension CommandContext {
    /// What a command would have that was given only a folder, and patience.
    fileprivate init(assembly: any EngineAssembly, folder: String) throws {
        let application = Application(
            name: "sluice", functions: [], pipelines: [], assembly: assembly, console: .silent)
        self = try Application.$current.withValue(application) {
            try CommandContext(CommonOptions.parse(["--data", folder, "--timeout", "60s"]))
        }
    }
}
