import Logging
import Sluice
import SluiceFunctions
import SluiceServer

/// The one thing that commands need an engine for: opening a data folder in this process.
protocol EngineAssembly: Sendable {
    /// Takes the folder's lock and opens what is in it.
    /// - Parameters:
    ///   - create: make the folder if it is not there.
    ///   - clockRate: engine seconds per real second, from 1 (`--clock-rate`).
    /// - Throws: `ControlError.busy` (who has it), `.damaged`, `.refused`.
    func open(folder: String, create: Bool, clockRate: Int, logger: Logger) async throws -> any OpenEngine

    /// Reads all that is stored and says what is wrong with its structure; empty = nothing. The folder is not open
    /// meanwhile.
    func check(folder: String, logger: Logger) async throws -> [String]

    /// Asks the sink of a pipeline whether it would take records: its table, its key, our rights. Writes nothing.
    /// - Returns: why it would not; `nil` = it would.
    func probeSink(of pipeline: Pipeline, logger: Logger) async throws -> SinkError?

    /// Makes of a damaged folder one with what can be read of it. Takes as long as copying it.
    /// - Throws: `ControlError.busy`, `.damaged` when it cannot be repaired.
    func repair(folder: String, logger: Logger) async throws -> RepairReport

    /// Brings a folder of an older version to this one, also where that is not done by itself when it is opened.
    /// - Returns: the changes that were made; empty = it was up to date.
    func upgrade(folder: String) throws -> [String]

    /// Copies a data folder as it is now, whether it is open or not; `backup` is not there yet.
    func backUp(folder: String, to backup: String, logger: Logger) async throws -> BackupReport

    /// Makes a data folder, which is not there yet, of a backup, with all steps paused.
    func restore(folder: String, from backup: String, logger: Logger) async throws -> RestoreReport

    /// Stores the bytes of an object in a data folder, whether it is open or not, to be put into its bucket then.
    /// - Parameter next: the bytes, piece by piece; `nil` = that was all.
    func upload(
        folder: String, bucket: String, key: String, _ next: () async throws -> Bytes?
    ) async throws -> ObjectUpload

    /// The file with the bytes of an object.
    /// - Parameter blob: as `ArchivedObject` names it.
    func path(ofBlob blob: String, folder: String) -> String

    /// What was logged there, whether the folder is open or not.
    func logs(folder: String) -> any LogStore
}

/// An engine that has a data folder open.
protocol OpenEngine: Sendable {
    /// The control for a command, while nothing runs.
    var control: any Control { get }
    /// What endpoints for clients stand on.
    var serverEngine: ServerEngine { get }

    /// Makes and claims the queues of the pipelines, and puts their steps together.
    /// - Parameters:
    ///   - source: where `definitions` were read, for reloads.
    ///   - secrets: those of the definitions; what later ones hold is added.
    ///   - services: what functions are told of the services around them.
    /// - Throws: `ControlError.refused` when what is stored does not allow these definitions.
    func start(
        _ source: DefinitionSource, _ definitions: [Definition], secrets: KnownSecrets, functions: [Function],
        services: FunctionServices, logger: Logger
    ) async throws -> RunningPipelines

    /// Lets the folder go. Called once, after everything that uses the engine has ended.
    func close() async
}
