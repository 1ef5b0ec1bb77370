import Logging
import NIOPosix
import Sluice
import SluiceConnectors
import SluiceEmbedded
import SluiceFunctions
import SluiceServer
import Synchronization

/// Puts the embedded engine together; `PipelineFactory` does it with the pipelines that run on it.
struct EmbeddedAssembly: EngineAssembly {
    func open(folder: String, create: Bool, clockRate: Int, logger: Logger) async throws -> any OpenEngine {
        let engine = try await EmbeddedEngine.open(
            folder: folder, create: create, version: SluiceVersion.text, logger: logger
        ) { SystemClock(notBefore: $0, rate: clockRate) }
        return OpenEmbeddedEngine(engine: engine, folder: folder)
    }

    func check(folder: String, logger: Logger) async throws -> [String] {
        try await DataCheck.problems(inFolder: folder, logger: logger)
    }

    func repair(folder: String, logger: Logger) async throws -> RepairReport {
        try await NIOThreadPool.singleton.runIfActive { try FolderRepair.run(inFolder: folder, logger: logger) }
    }

    func probeSink(of pipeline: Pipeline, logger: Logger) async throws -> SinkError? {
        let sink = try SinkCatalogue.make(
            pipeline.deliver, pipeline: pipeline.name, folder: "", root: pipeline.root, logger: logger)
        let problem: SinkError?
        do throws(SinkError) {
            try await sink.probe()
            problem = nil
        } catch {
            problem = error
        }
        await sink.close()
        return problem
    }

    func upgrade(folder: String) throws -> [String] { try DataUpgrade.run(inFolder: folder) }

    func backUp(folder: String, to backup: String, logger: Logger) async throws -> BackupReport {
        try await FolderBackup.make(of: folder, at: backup, logger: logger)
    }

    func restore(folder: String, from backup: String, logger: Logger) async throws -> RestoreReport {
        try await FolderRestore.make(of: backup, at: folder, logger: logger)
    }

    func upload(
        folder: String, bucket: String, key: String, _ next: () async throws -> Bytes?
    ) async throws -> ObjectUpload {
        let writer = try UploadWriter(folder: folder)
        while let piece = try await next() {
            try await NIOThreadPool.singleton.runIfActive { try writer.append(piece) }
        }
        return try await NIOThreadPool.singleton.runIfActive { try writer.finish(bucket: bucket, key: key) }
    }

    func path(ofBlob blob: String, folder: String) -> String { BlobFolder(folder: folder).path(of: blob) }

    func logs(folder: String) -> any LogStore { EmbeddedLogs(folder: folder) }
}

private final class OpenEmbeddedEngine: OpenEngine {
    let engine: EmbeddedEngine
    let folder: String
    /// Since pipelines run.
    private let logs = Mutex<LogWriter?>(nil)
    private let registry = StepRegistry()

    init(engine: EmbeddedEngine, folder: String) {
        self.engine = engine
        self.folder = folder
    }

    var control: any Control { engine.control(registry: nil) }

    var serverEngine: ServerEngine {
        let control = engine.control(registry: registry)
        return ServerEngine(
            queues: engine.directory, clock: engine.clock, secret: engine.secret,
            reports: { try await control.queues(named: nil) },
            detail: { try await control.detail(ofQueue: $0) })
    }

    func start(
        _ source: DefinitionSource, _ definitions: [Definition], secrets: KnownSecrets, functions: [Function],
        services: FunctionServices, logger: Logger
    ) async throws -> RunningPipelines {
        let factory = PipelineFactory(
            engine: engine, folder: folder, functions: functions,
            sandboxes: Sandboxes(folder: "\(folder)/tmp", owner: engine.folderID, limits: .detect(), logger: logger),
            services: services, registry: registry, keeper: StandstillKeeper(engine: engine, logger: logger),
            logs: startLogs(masking: secrets, logger), secrets: secrets, logger: logger)
        return try await RunningPipelines(source, definitions, secrets: secrets, factory)
    }

    private func startLogs(masking secrets: KnownSecrets, _ logger: Logger) -> LogWriter {
        let writer = LogWriter.start(folder: folder, clock: engine.clock, logger: logger) { secrets.all }
        logs.withLock { $0 = writer }
        return writer
    }

    func close() async {
        // What steps and functions said last is written before the folder is let go.
        await logs.withLock { $0 }?.close()
        await engine.close()
    }
}
