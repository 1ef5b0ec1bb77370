package import Logging
package import Sluice

/// The engine on one machine: one folder, one process.
package final class EmbeddedEngine: Sendable {
    private let store: Store
    private let version: String

    private init(store: Store, version: String) {
        self.store = store
        self.version = version
    }

    /// Opens a data folder and locks it.
    ///
    /// - Parameters:
    ///   - create: make the folder if there is none.
    ///   - makeClock: the engine's clock, told the last moment that the folder has seen.
    /// - Throws: `ControlError.busy` while another process has it, `.damaged`, `.refused`, `.unknown`.
    package static func open(
        folder path: String, create: Bool, version: String, logger: Logger, faults: StoreFaults = .none,
        makeClock: @escaping @Sendable (Timestamp?) -> any EngineClock = { SystemClock(notBefore: $0) }
    ) async throws -> EmbeddedEngine {
        let folder = try DataFolder(path, create: create)
        let store = try await Store.open(folder, logger: logger, faults: faults, makeClock: makeClock)
        do {
            try folder.markAsStore()
        } catch {
            await store.writer.close("it did not start")
            throw error
        }
        return EmbeddedEngine(store: store, version: version)
    }

    package var clock: any EngineClock { store.clock }
    /// The id under which sinks remember what this folder has delivered.
    package var folderID: String { store.folderID }
    /// 32 bytes that never leave the machine.
    package var secret: [UInt8] { store.secret }
    package var settler: any Settler { EmbeddedSettler(store: store) }

    /// The queue of this name, with or without `.fifo`. Whether it is there shows at the first call.
    package func queue(named name: String) -> any BoundedQueue {
        EmbeddedQueue(name: store.catalogue.find(name)?.name ?? name, store: store)
    }

    /// All queues, for clients.
    package var directory: any QueueDirectory & MessageMoving { EmbeddedDirectory(store: store) }

    /// Makes the queues of these pipelines, and claims those that were filled before.
    /// - Parameter running: the names of all pipelines that run here from now on; `nil` = these, beside those before.
    /// - Throws: `ControlError.refused` with the ways out; then nothing of that pipeline was changed.
    package func apply(_ pipelines: [Pipeline], among running: [String]? = nil) async throws {
        let names = pipelines.map(\.name)
        try await store.writer.submit { state in
            state.definedHere = running.map { Set($0) } ?? state.definedHere.union(names)
        }
        for pipeline in pipelines {
            let claimed = try await store.writer.submit { try $0.define(pipeline) }
            for queue in claimed { try await claim(queue) }
            if let queue = pipeline.objectsQueue { try await claimObjects(of: queue) }
        }
        try await store.writer.submit { try $0.endStandstills() }
    }

    /// Why what is stored does not allow these definitions, nor that those pipelines go; nothing is changed.
    /// - Parameter running: the names of all pipelines that would run here.
    package func refusals(
        of pipelines: [Pipeline], removing removed: [String], among running: [String]
    ) async throws -> [String] {
        try await store.writer.submit { state in
            let before = state.definedHere
            state.definedHere = Set(running)
            defer { state.definedHere = before }
            var refusals: [String] = []
            func collect(_ check: () throws -> Void) throws {
                do { try check() } catch ControlError.refused(let reason) { refusals.append(reason) }
            }
            for pipeline in pipelines { try collect { try state.check(pipeline) } }
            for name in removed { try collect { try state.checkRemoval(of: name) } }
            return refusals
        }
    }

    /// Those who wait for a condition look again, as after any turn.
    package func wakeWaiters() async throws { try await store.writer.submit { _ in } }

    private func claim(_ name: String) async throws {
        guard let entry = store.catalogue.find(name) else { return }
        let store = store
        var isUnfinished = true
        while isUnfinished {
            isUnfinished = try await store.writer.submit { state in
                try state.claimNextChunk(of: name) { store.read($0, id: $1, senderGroup: $2, for: entry) }
            }
        }
    }

    /// Announces what was in a bucket before its source was defined.
    private func claimObjects(of queue: String) async throws {
        var isUnfinished = true
        while isUnfinished { isUnfinished = try await store.writer.submit { try $0.claimNextObjects(of: queue) } }
    }

    /// The file with an object's bytes.
    /// - Throws: `ObjectError.gone` when this version is not there any more.
    package func file(of object: ObjectVersion) async throws -> String {
        guard let blob = try await store.writer.submit({ try $0.blob(of: object) }) else {
            throw ObjectError.gone(
                "the object '\(object)' is not there any more: it was overwritten, and its raw copy's time is over")
        }
        return store.blobs.path(of: blob)
    }

    /// Commands on this engine.
    /// - Parameter registry: the steps that this process runs; `nil` = none.
    package func control(registry: StepRegistry?) -> any Control {
        EmbeddedControl(store: store, registry: registry, version: version)
    }

    /// Notes which code a step runs from now on.
    /// - Parameter version: `nil` for a step without a function.
    package func note(version: String?, of step: StepName) async throws {
        try await store.writer.submit { try $0.note(version: version, of: step) }
    }

    /// Notes where the definition of a pipeline is, for commands that need it.
    package func note(definition file: String?, of pipeline: String) async throws {
        try await store.writer.submit { try $0.note(definition: file, of: pipeline) }
    }

    /// Moves raw copies that are done with into compressed files, where it is time. To be called now and then by whoever
    /// runs pipelines.
    /// - Returns: how many files were made.
    package func moveRawCopies(logger: Logger) async throws -> Int {
        try await EmbeddedArchive(store: store).moveIntoSegments(logger: logger)
    }

    /// The pause that a former process, or a command, has left for a step.
    package func pause(of step: StepName) async throws -> StepControl.Pause? {
        try await store.writer.submit { state in
            state.pauses[step.description].map {
                let stage = state.pipelines[step.pipeline]?.stages.first { $0.step == step }
                return StepControl.Pause(since: $0.since, reason: $0.reason, brokenCode: stage?.brokenCode)
            }
        }
    }

    /// Keeps a pause that a step has made by itself, or ended.
    package func keep(_ pause: StepControl.Pause?, of step: StepName) async throws {
        try await store.writer.submit { state in
            guard let pause else { return try state.resume(step) }
            try state.pause(step, reason: pause.reason, brokenCode: pause.brokenCode)
        }
    }

    /// The retention clock of the step's queue stands still while its breaker is open.
    package func setBreaker(of step: StepName, isOpen: Bool) async throws {
        try await store.writer.submit { try $0.setBreaker(step, isOpen: isOpen) }
    }

    /// Returns when nothing of these pipelines moves any more by itself: each of their queues is empty, or waits behind
    /// a pause, or behind a breaker that three probes could not close, or behind another such queue that is full.
    /// - Parameter pipelines: asked again whenever something has changed; `nil` = they are being replaced just now.
    package func waitUntilStill(
        _ pipelines: @escaping @Sendable () -> [String]?, registry: StepRegistry
    ) async throws {
        try await store.wait { state in
            guard let names = pipelines() else { return false }
            return state.isStill(names.flatMap { state.pipelines[$0]?.stages ?? [] }, registry)
        }
    }

    /// Commits what was accepted and closes the store. What is asked of it afterwards answers `QueueError.closed`.
    package func close() async {
        await store.writer.close("it is shutting down")
        store.folder.unlock()
    }
}
