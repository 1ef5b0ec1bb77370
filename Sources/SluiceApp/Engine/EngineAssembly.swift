import Logging
import ServiceLifecycle
import Sluice

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

    /// Brings a folder of an older version to this one, also where that is not done by itself when it is opened.
    /// - Returns: the changes that were made; empty = it was up to date.
    func upgrade(folder: String) throws -> [String]

    /// What was logged there, whether the folder is open or not.
    func logs(folder: String) -> any LogStore
}

/// An engine that has a data folder open.
protocol OpenEngine: Sendable {
    /// The control for a command, while nothing runs.
    var control: any Control { get }

    /// Makes and claims the queues of `pipelines` and puts their steps together.
    /// - Parameter secrets: what must not stand in a log.
    /// - Throws: `ControlError.refused` when what is stored does not allow these definitions.
    func start(
        _ pipelines: [Pipeline], functions: [Function], secrets: Secrets, logger: Logger
    ) async throws -> RunningPipelines

    /// Lets the folder go. Called once, after everything that uses the engine has ended.
    func close() async
}

struct RunningPipelines: Sendable {
    /// The control that also reaches the steps.
    var control: any Control
    /// Returns when nothing moves any more by itself: the pipelines are idle, or what is left waits behind a pause, or
    /// behind a breaker that three probes could not close. Ends `run --until-idle`.
    var waitUntilStill: @Sendable () async throws -> Void
    /// What has to run, in the order in which it is started; it ends in the reverse order.
    var services: [any Service]
}
