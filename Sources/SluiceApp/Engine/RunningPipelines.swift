import Logging
import ServiceLifecycle
import Sluice
import SluiceEmbedded
import Synchronization

/// The pipelines of this process, and what replaces them while the others go on: each is a group of services of its
/// own, and reloads are carried out here, one after the other.
///
/// A shutdown of the process shuts all of them down; a reload, those that it replaces, with the same two deadlines.
final class RunningPipelines: Service {
    /// A pipeline that runs.
    struct Member: Sendable {
        let definition: Definition
        /// Of its function's code.
        let version: String?
        let services: ServiceGroup
        /// Notified when its services have ended.
        let ended = Signal()

        var name: String { definition.pipeline.name }
        var steps: [StepName] { definition.pipeline.stages.map(\.step) }
    }

    struct State {
        var members: [Member] = []
        var source: DefinitionSource
        var isReplacing = false
        /// Why the latest reload was not possible.
        var obstacles: [String] = []
    }

    /// What is asked for, and where the answer goes.
    struct Request: Sendable {
        var files: [String]?
        var work: Work
        /// `nil` = nobody waits; the log has it.
        var answer: AsyncThrowingStream<ReloadPlan, any Error>.Continuation?

        enum Work: Sendable {
            case plan
            /// `shown`: what somebody has seen and means.
            case reload(shown: ReloadPlan?)
        }
    }

    let factory: PipelineFactory
    var logger: Logger { factory.logger }
    let secrets: KnownSecrets
    let state: Mutex<State>
    /// Notified after every reload that has read other definitions.
    let reloaded = Signal()
    private let requests: AsyncStream<Request>
    private let queue: AsyncStream<Request>.Continuation

    /// More than anybody has a use for: the next one is told that it is too many.
    private static let mostRequests = 16

    /// Makes and claims the queues of the pipelines, and puts their steps together; `run()` starts them.
    /// - Parameter secrets: those of the definitions; what later ones hold is added.
    /// - Throws: `ControlError.refused` when what is stored, or the machine, does not allow it.
    init(
        _ source: DefinitionSource, _ definitions: [Definition], secrets: KnownSecrets, _ factory: PipelineFactory
    ) async throws {
        self.factory = factory
        self.secrets = secrets
        state = Mutex(State(source: source))
        (requests, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.mostRequests))
        let parts = try await makeParts(of: definitions)
        try await define(definitions.map(\.pipeline), among: definitions)
        let members = try await makeMembers(of: definitions, parts, startsAnew: false)
        state.withLock { $0.members = members }
    }

    /// What has to run beside it: begins before and ends after it.
    var keeper: any Service { factory.keeper }
    /// Looks after raw copies as long as they run.
    var archiveKeeper: any Service { ArchiveKeeper(engine: factory.engine, logger: factory.logger) }

    /// The control that also reaches the steps, and reloads.
    var control: any Control {
        RunControl(control: factory.engine.control(registry: factory.registry), pipelines: self)
    }

    /// The definitions that run now.
    var definitions: [Definition] { state.withLock { $0.members.map(\.definition) } }
    var source: DefinitionSource { state.withLock { $0.source } }

    /// Returns when nothing moves any more by itself: the pipelines are idle, or what is left waits behind a pause, or
    /// behind a breaker that three probes could not close. Ends `run --until-idle`.
    func waitUntilStill() async throws {
        try await factory.engine.waitUntilStill(
            { self.state.withLock { state in state.isReplacing ? nil : state.members.map(\.name) } },
            registry: factory.registry)
    }

    /// - Throws: `ControlError`; `CancellationError`, and then it may be carried out all the same.
    func ask(_ work: Request.Work, of files: [String]?) async throws -> ReloadPlan {
        let (answers, answer) = AsyncThrowingStream.makeStream(of: ReloadPlan.self)
        switch queue.yield(Request(files: files, work: work, answer: answer)) {
        case .enqueued: break
        case .dropped: throw ControlError.failed("\(Self.mostRequests) reloads wait already; try again later")
        case .terminated: throw ControlError.gone("the process is shutting down")
        @unknown default: throw ControlError.gone("the process is shutting down")
        }
        for try await plan in answers { return plan }
        throw CancellationError()
    }

    /// Reads the same definitions again, soon; the log says what came of it.
    func reloadUnasked() {
        if case .dropped = queue.yield(Request(files: nil, work: .reload(shown: nil), answer: nil)) {
            logger.warning("Not reloaded: too many reloads wait already")
        }
    }

    // MARK: Running

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingDiscardingTaskGroup { tasks in
                for member in state.withLock({ $0.members }) { launch(member, in: &tasks) }
                for await request in requests { try await carryOut(request, in: &tasks) }
            }
        } onGracefulShutdown: {
            self.queue.finish()
        }
    }

    func launch(_ member: Member, in tasks: inout ThrowingDiscardingTaskGroup<any Error>) {
        tasks.addTask {
            defer { member.ended.notify() }
            do {
                try await member.services.run()
            } catch {
                // Nobody asks for anything any more: the whole process ends with this error.
                self.queue.finish()
                throw error
            }
        }
    }

    /// - Throws: what leaves a pipeline without its steps; then the process cannot go on.
    private func carryOut(
        _ request: Request, in tasks: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws {
        do {
            if Task.isShuttingDownGracefully { throw ControlError.gone("the process is shutting down") }
            let plan =
                switch request.work {
                case .plan: try await plan(request.files).plan
                case .reload(let shown): try await reload(request.files, as: shown, in: &tasks)
                }
            request.answer?.yield(plan)
            request.answer?.finish()
        } catch let error as LostPipelines {
            request.answer?.finish(throwing: ControlError.failed(error.description))
            throw error
        } catch let error as ImpossibleReload {
            // The log has it by now.
            request.answer?.finish(throwing: ControlError.refused(error.description))
        } catch {
            logger.error("Not reloaded: \(error)")
            request.answer?.finish(throwing: masked(ControlError(error)))
        }
    }

    private func masked(_ error: ControlError) -> ControlError {
        switch error {
        case .refused(let text): .refused(secrets.mask(text))
        case .failed(let text): .failed(secrets.mask(text))
        case .unknown, .damaged, .busy, .forbidden, .gone: error
        }
    }

    // MARK: Putting together

    /// What the pipelines need of the machine; all of it, or nothing.
    func makeParts(of definitions: [Definition]) async throws -> [PipelineFactory.Parts] {
        var parts: [PipelineFactory.Parts] = []
        do {
            for definition in definitions { parts.append(try factory.parts(of: definition.pipeline)) }
            return parts
        } catch {
            for part in parts { await part.close() }
            throw error
        }
    }

    func define(_ pipelines: [Pipeline], among all: [Definition]) async throws {
        try await factory.engine.apply(pipelines, among: all.map(\.pipeline.name))
        for definition in all {
            try await factory.engine.note(definition: definition.file, of: definition.pipeline.name)
        }
    }

    func makeMembers(
        of definitions: [Definition], _ parts: [PipelineFactory.Parts], startsAnew: Bool
    ) async throws -> [Member] {
        var members: [Member] = []
        for (definition, parts) in zip(definitions, parts) {
            let services = try await factory.services(of: definition.pipeline, parts, startsAnew: startsAnew)
            members.append(
                Member(
                    definition: definition, version: parts.function?.version,
                    services: ServiceGroup(services: services, logger: factory.logger)))
        }
        return members
    }
}

/// The definitions are wrong, or what is stored does not allow them: everything runs as before.
struct ImpossibleReload: Error, CustomStringConvertible {
    let obstacles: [String]

    var description: String { "nothing was reloaded\n" + obstacles.joined(separator: "\n") }
}

/// Neither the new definition of a pipeline nor the former one could be started.
struct LostPipelines: Error, CustomStringConvertible {
    let description: String
}

/// Commands on the process that runs pipelines.
private struct RunControl: ForwardingControl {
    let control: any Control
    let pipelines: RunningPipelines

    func planReload(of files: [String]?) async throws -> ReloadPlan { try await pipelines.ask(.plan, of: files) }

    func reload(_ files: [String]?, as shown: ReloadPlan?) async throws -> ReloadPlan {
        try await pipelines.ask(.reload(shown: shown), of: files)
    }
}
