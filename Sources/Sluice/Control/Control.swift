/// What commands ask of an engine, whether it runs in this process or behind `control.sock`: one protocol, a local
/// and a remote implementation, and one suite (`ControlConformance`) for both.
///
/// Every call may throw `ControlError`; the exit code of a command follows from it.
public protocol Control: QueueControl, BucketControl, ArchiveControl {
    /// Who answers.
    func hello() async throws -> ControlHello

    /// Pipelines, steps, queues and the ledger at one moment.
    func status(pipeline: String?) async throws -> StatusReport

    /// All queues, or those whose name (with or without `.fifo`) is given.
    /// - Throws: `ControlError.unknown` when there is none of that name.
    func queues(named name: String?) async throws -> [QueueReport]

    /// Stores messages durably in `queue`; a name that nobody defined makes an unclaimed queue. When the queue
    /// is full it waits for room. Answers once for every message, in order.
    ///
    /// - Parameter position: makes a send that is repeated after an error harmless: messages of the session that are
    ///   stored already are answered as they were the first time, and only the rest is stored. `nil`: a send whose
    ///   answer was lost may be stored, and is stored once more when it is repeated.
    /// - Throws: `ControlError.refused` when messages of the session before this position were never stored.
    func send(_ messages: [NewMessage], to queue: String, at position: SendPosition?) async throws -> [SendResult]

    /// Dead letters, grouped by cause; `nil` = of every pipeline.
    func deadLetterGroups(pipeline: String?) async throws -> [DeadLetterGroup]

    /// The dead letters that match, oldest first, with history and bytes.
    func deadLetters(_ selection: DeadLetterSelection, limit: Int) async throws -> [DeadLetter]

    /// The dead letters that match, oldest first in each queue, a page at a time: as many as an answer holds, and at least
    /// one where there is one. What dies meanwhile comes at the end.
    /// - Parameter place: where the page before ended; `nil` = from the beginning.
    func deadLetters(_ selection: DeadLetterSelection, after place: DeadLetterPlace?) async throws -> DeadLetterPage

    /// Sends the selected back to the queues they died in, as new messages with their identity kept.
    func redrive(_ selection: DeadLetterSelection, _ options: RedriveOptions) async throws -> RedriveReport

    /// Takes the selected out for good; counted in the ledger as discarded, with `reason` and `who`.
    /// - Returns: how many.
    func discard(_ selection: DeadLetterSelection, reason: String, who: String) async throws -> Int

    /// Stops steps from receiving; survives a restart. `step` as in `StepName`; `nil` = all of the pipeline.
    func pause(pipeline: String, step: String?, reason: String?) async throws -> [StepName]
    func resume(pipeline: String, step: String?) async throws -> [StepName]

    /// What a reload would change beside what runs; nothing is done.
    /// - Parameter files: definitions, or folders of them, by absolute path; `nil` = those that run now, read again.
    /// - Throws: `ControlError.refused` when there is nothing that could be read again.
    func planReload(of files: [String]?) async throws -> ReloadPlan

    /// Reads the definitions again, and replaces what has changed: its steps receive no more, finish what they hold
    /// within the deadlines of a shutdown, and the new ones start. Once begun it is finished, whoever waits for it.
    /// - Parameter shown: the plan that somebody has seen and means; `nil` = whatever it comes to.
    /// - Returns: what was changed.
    /// - Throws: `ControlError.refused` when a definition is wrong, what is stored does not allow it, or it is not what
    ///   was shown. Then everything runs as before.
    func reload(_ files: [String]?, as shown: ReloadPlan?) async throws -> ReloadPlan

    /// Returns when it is so (`WaitCondition`). Waits until its task is cancelled. `nil` = every pipeline.
    func wait(pipeline: String?, until condition: WaitCondition) async throws
}

extension Control {
    /// Stores messages that belong to no session.
    public func send(_ messages: [NewMessage], to queue: String) async throws -> [SendResult] {
        try await send(messages, to: queue, at: nil)
    }
}

public enum WaitCondition: String, Sendable, Codable {
    /// The pipelines run.
    case ready
    /// Nothing of them is ready, delayed, backing off or in flight at a step.
    case idle
}

public struct ControlHello: Sendable, Hashable, Codable {
    /// The version of this protocol. Another one is refused (exit 78).
    public var protocolVersion: Int
    /// The version of Sluice.
    public var version: String
    public var processID: Int32
    /// The data folder.
    public var folder: String
    /// The pipelines that run here.
    public var pipelines: [String]
    /// True when a command has the folder open for a moment, and nothing runs. What takes longer than a moment waits
    /// for its end, instead of working through it.
    public var isCommand: Bool

    public static let currentProtocolVersion = 1

    public init(
        protocolVersion: Int = currentProtocolVersion, version: String, processID: Int32, folder: String,
        pipelines: [String], isCommand: Bool = false
    ) {
        self.protocolVersion = protocolVersion
        self.version = version
        self.processID = processID
        self.folder = folder
        self.pipelines = pipelines
        self.isCommand = isCommand
    }
}

/// An error of a command, by what the user can do about it.
public enum ControlError: Error, Sendable, Hashable, Codable {
    /// 64: no such queue, pipeline, group, message.
    case unknown(String)
    /// 78: the definition or the folder does not allow it.
    case refused(String)
    /// 4: the folder is damaged.
    case damaged(String)
    /// 75: another process uses the folder.
    case busy(String)
    /// 77: the folder, or a file in it, is somebody else's.
    case forbidden(String)
    /// 1: it failed, and why.
    case failed(String)
    /// 1: the process that was asked went away, or is about to, before it answered. Whether it did what it was asked
    /// is not known; whoever has the folder next can be asked again.
    case gone(String)
}

extension ControlError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknown(let text), .refused(let text), .damaged(let text), .busy(let text), .forbidden(let text),
            .failed(let text), .gone(let text):
            text
        }
    }
}
