import Logging
import ServiceLifecycle
import Sluice
import SluiceEmbedded
import Synchronization

/// What a reload would change, and changing it.
extension RunningPipelines {
    /// Definitions that were read again, and what they would change.
    struct Reading: Sendable {
        var plan: ReloadPlan
        var source: DefinitionSource
        var definitions: [Definition]

        /// The definitions of pipelines that start, anew or for the first time.
        var starting: [Definition] {
            let names = Set(plan.pipelines.filter { [.added, .changed].contains($0.kind) }.map(\.name))
            return definitions.filter { names.contains($0.pipeline.name) }
        }
        /// The names of pipelines that end, for good or to start anew.
        var ending: Set<String> {
            Set(plan.pipelines.filter { [.removed, .changed].contains($0.kind) }.map(\.name))
        }
    }

    func plan(_ files: [String]?) async throws -> Reading {
        let source = try source(of: files)
        let result = await source.read()
        secrets.add(result.masker)
        var reading = Reading(plan: ReloadPlan(warnings: result.warnings), source: source, definitions: [])
        if result.mistakes.isEmpty {
            reading.definitions = result.definitions
            try await compare(&reading)
        } else {
            reading.plan.mistakes = result.mistakes
        }
        report(reading.plan.obstacles)
        return reading
    }

    /// What stands in the way is said once, however often files are saved meanwhile.
    private func report(_ obstacles: [String]) {
        let isNew = state.withLock { state in
            defer { state.obstacles = obstacles }
            return state.obstacles != obstacles
        }
        if isNew { for reason in obstacles { logger.error("Not reloaded: \(reason)") } }
    }

    /// What is there beside what was read.
    private func compare(_ reading: inout Reading) async throws {
        let members = state.withLock { $0.members }
        for definition in reading.definitions {
            do {
                let former = members.first { $0.name == definition.pipeline.name }
                reading.plan.pipelines.append(try change(from: former, to: definition))
            } catch let error as ControlError {
                reading.plan.refusals.append(secrets.mask(error.description))
            }
        }
        let names = Set(reading.definitions.map(\.pipeline.name))
        for member in members where !names.contains(member.name) {
            reading.plan.pipelines.append(
                PipelineChange(name: member.name, kind: .removed, oldCode: member.version))
        }
        reading.plan.pipelines.sort { $0.name < $1.name }
        reading.plan.refusals += try await factory.engine.refusals(
            of: reading.starting.map(\.pipeline), removing: removed(reading.plan), among: names.sorted())
        try await count(&reading)
    }

    private func source(of files: [String]?) throws -> DefinitionSource {
        let present = source
        if let files { return present.with(files: files) }
        guard present.files.isEmpty else { return present }
        if present.own.isEmpty {
            throw ControlError.refused("it runs no definition that could be read again: name one, `reload FILE`")
        }
        guard present.own.contains(where: { $0.transform?.isProcess == true }) else {
            throw ControlError.refused(
                "its pipelines are written in Swift, and part of the program: a new binary needs a restart")
        }
        return present
    }

    private func change(from former: Member?, to definition: Definition) throws -> PipelineChange {
        let version = try factory.version(of: definition.pipeline)
        var change = PipelineChange(
            name: definition.pipeline.name, kind: .unchanged, oldCode: former?.version, newCode: version)
        guard let former else {
            change.kind = .added
            return change
        }
        change.settings = former.definition.changes(to: definition)
        if !change.settings.isEmpty || former.definition.pipeline != definition.pipeline || former.version != version {
            change.kind = .changed
        }
        return change
    }

    private func removed(_ plan: ReloadPlan) -> [String] {
        plan.pipelines.filter { $0.kind == .removed }.map(\.name)
    }

    /// Adds what waits; in an added pipeline, what was sent before it was defined.
    private func count(_ reading: inout Reading) async throws {
        let queues = try await factory.engine.control(registry: nil).queues(named: nil)
        for index in reading.plan.pipelines.indices {
            let name = reading.plan.pipelines[index].name
            let intake = reading.definitions.first { $0.pipeline.name == name }?.pipeline.intakeQueue
            for queue in queues {
                let isUnclaimed =
                    queue.pipeline == nil && intake.map(QueueNames.bare) == QueueNames.bare(queue.name)
                guard queue.pipeline == name || isUnclaimed else { continue }
                if queue.role == .deadLetter {
                    reading.plan.pipelines[index].dead += queue.depth.messages
                } else {
                    reading.plan.pipelines[index].waiting += queue.depth.messages
                }
            }
        }
    }

    // MARK: Doing it

    func reload(
        _ files: [String]?, as shown: ReloadPlan?, in tasks: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws -> ReloadPlan {
        let reading = try await plan(files)
        let plan = reading.plan
        // Where another reload was faster (`run --watch`), what was asked for is done.
        let isDone = plan.isPossible && !plan.changesAnything
        if let shown, !isDone, !shown.does(sameAs: plan) {
            throw ControlError.refused(
                "what would change is not what was shown, because a file has changed meanwhile; nothing was done: try "
                    + "again")
        }
        guard plan.isPossible else { throw ImpossibleReload(obstacles: plan.obstacles) }
        defer { reloaded.notify() }
        guard plan.changesAnything else {
            state.withLock { $0.source = reading.source }
            logger.info("Read again: nothing has changed")
            return plan
        }
        for warning in plan.warnings { logger.warning("\(warning)") }
        for line in ReloadText(plan: plan).shortLines { logger.notice("Reloading: \(line)") }
        // What the machine does not have shows before anything is stopped.
        let parts = try await makeParts(of: reading.starting)
        state.withLock { $0.isReplacing = true }
        let members: [Member]
        do {
            members = try await replace(reading, parts, in: &tasks)
        } catch {
            state.withLock { $0.isReplacing = false }
            try await factory.engine.wakeWaiters()
            throw error
        }
        state.withLock { state in
            state.source = reading.source
            state.members = members
            state.isReplacing = false
        }
        try await factory.engine.wakeWaiters()
        logger.notice("Reloaded: \(ReloadText(plan: plan).summary)")
        return plan
    }

    /// - Returns: all members that run now.
    private func replace(
        _ reading: Reading, _ parts: [PipelineFactory.Parts],
        in tasks: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws -> [Member] {
        let all = state.withLock { $0.members }
        let former = all.filter { reading.ending.contains($0.name) }
        do {
            try await stop(former)
            // While its steps finished, more may have come to what is to be removed.
            let refusals = try await factory.engine.refusals(
                of: [], removing: removed(reading.plan), among: reading.definitions.map(\.pipeline.name))
            if let first = refusals.first { throw ControlError.refused(first) }
            try await define(reading.starting.map(\.pipeline), among: reading.definitions)
        } catch {
            for part in parts { await part.close() }
            try await restore(former, among: all, after: error, in: &tasks)
            throw error
        }
        let new: [Member]
        do {
            new = try await makeMembers(of: reading.starting, parts, startsAnew: true)
        } catch {
            throw LostPipelines(description: "the steps of the new definitions cannot be put together: \(error)")
        }
        for member in new { launch(member, in: &tasks) }
        let kept = all.filter { !reading.ending.contains($0.name) }
        let names = reading.definitions.map(\.pipeline.name)
        return (kept + new).sorted {
            (names.firstIndex(of: $0.name) ?? 0) < (names.firstIndex(of: $1.name) ?? 0)
        }
    }

    /// Lets the steps finish what they hold, and waits for their end; all at once.
    private func stop(_ members: [Member]) async throws {
        for member in members { await member.services.triggerGracefulShutdown() }
        for member in members { try await member.ended.wait(after: 0) }
        if Task.isShuttingDownGracefully { throw ControlError.gone("the process is shutting down") }
        for step in members.flatMap(\.steps) {
            // Whoever comes next has a breaker of its own, which is closed.
            if factory.registry[step]?.isBreakerOpen == true { factory.keeper.note(.breaker(isOpen: false), of: step) }
            factory.registry.remove(step)
        }
        try await factory.keeper.waitUntilKept()
    }

    /// Starts again what was stopped for a reload that is not possible after all.
    private func restore(
        _ former: [Member], among all: [Member], after error: any Error,
        in tasks: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws {
        guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
        do {
            let definitions = former.map(\.definition)
            let parts = try await makeParts(of: definitions)
            try await define(definitions.map(\.pipeline), among: all.map(\.definition))
            let members = try await makeMembers(of: definitions, parts, startsAnew: false)
            for member in members { launch(member, in: &tasks) }
            state.withLock { state in
                for member in members {
                    guard let index = state.members.firstIndex(where: { $0.name == member.name }) else { continue }
                    state.members[index] = member
                }
            }
        } catch let second {
            throw LostPipelines(
                description: "a reload failed (\(error)), and the former definitions do not start again: \(second)")
        }
    }
}
