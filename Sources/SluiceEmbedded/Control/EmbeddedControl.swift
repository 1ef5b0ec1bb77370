import Foundation
package import Sluice

/// Commands on the engine of this process.
package struct EmbeddedControl: Control {
    let store: Store
    /// The steps that run in this process; `nil` when the folder is only open for a command.
    let registry: StepRegistry?
    let version: String

    package func hello() async throws -> ControlHello {
        let running = Set(registry?.controls().map(\.name.pipeline) ?? [])
        return ControlHello(
            version: version, processID: getpid(), folder: store.folder.path, pipelines: running.sorted())
    }

    package func status(pipeline: String?) async throws -> StatusReport {
        let registry = registry
        let diskFull = store.reserve.isSpent
        return try await store.writer.submit {
            try $0.status(pipeline: pipeline, registry: registry, diskFull: diskFull)
        }
    }

    package func queues(named name: String?) async throws -> [QueueReport] {
        try await explained { try await store.writer.submit { try $0.queueReports(named: name) } }
    }

    package func send(
        _ messages: [NewMessage], to name: String, at position: SendPosition?
    ) async throws -> [SendResult] {
        if let entry = store.catalogue.find(name) {
            try await checkIntake(entry)
        } else {
            try await makeUnclaimed(name)
        }
        let queue = EmbeddedQueue(name: name, store: store)
        var results: [SendResult] = []
        while results.count < messages.count {
            // As many as there is room for; one where there is none, for it may be stored already.
            let piece = Array(messages[results.count...].prefix(max(1, queue.room)))
            do {
                results += try await queue.send(piece, at: position?.advanced(by: results.count))
            } catch QueueError.full, QueueError.archiveFull {
                try await queue.waitForRoom()
            }
        }
        return results
    }

    /// Only steps put messages into the inner queues of a pipeline.
    private func checkIntake(_ entry: QueueCatalogue.Entry) async throws {
        guard let owner = entry.record.pipeline, entry.record.role != .intake else { return }
        let intake = try await store.writer.submit { state in
            state.queues.values.first { $0.record.pipeline == owner && $0.record.role == .intake }?.name
        }
        guard let intake else { return }
        throw ControlError.refused(
            "queue '\(entry.name)' is an inner queue of pipeline '\(owner)': only its steps put messages there; "
                + "send to '\(intake)'")
    }

    private func makeUnclaimed(_ name: String) async throws {
        try QueueNameRule.check(name)
        try await store.writer.submit(grows: true) { state in
            guard state.names[name] == nil else { return }
            try state.add(.unclaimed(name))
        }
    }

    package func put(_ uploads: [ObjectUpload]) async throws -> [StoredObject] {
        try await EmbeddedBuckets(store: store).put(uploads)
    }

    package func buckets(named name: String?) async throws -> [BucketReport] {
        try await store.writer.submit { try $0.bucketReports(named: name) }
    }

    package func objects(_ selection: ObjectSelection) async throws -> [StoredObject] {
        try await store.writer.submit { try $0.objects(selection) }
    }

    package func archive(pipeline: String?) async throws -> [ArchiveHour] {
        try await store.writer.submit { try $0.archiveHours(pipeline: pipeline) }
    }

    package func rawCopies(_ selection: RawCopySelection) async throws -> RawCopyPage {
        try await store.writer.submit { try $0.rawCopies(selection) }
    }

    package func archivedObjects(_ selection: ArchivedObjectSelection) async throws -> [ArchivedObject] {
        try await store.writer.submit { try $0.archivedObjects(selection, limit: 500) }
    }

    package func verifyArchive(pipeline: String, after place: Int64) async throws -> ArchiveVerification {
        try await EmbeddedArchive(store: store).verify(pipeline: pipeline, after: place)
    }

    package func places(of identity: RecordIdentity, in pipeline: String) async throws -> [RecordPlace] {
        try await store.writer.submit { try $0.places(of: identity, in: pipeline) }
    }

    package func estimate(_ request: ReplayRequest) async throws -> ReplayEstimate {
        try await store.writer.submit { try $0.estimate(request) }
    }

    package func beginReplay(_ request: ReplayRequest) async throws -> ReplayReport {
        try await store.writer.submit { try $0.beginReplay(request) }
    }

    package func continueReplay(_ number: Int, atMost limit: Int) async throws -> ReplayReport {
        try await EmbeddedArchive(store: store).continueReplay(number, atMost: limit)
    }

    package func codeVersions(of step: StepName) async throws -> [CodeVersion] {
        try await store.writer.submit { try $0.codeVersions(of: step) }
    }

    package func deadLetterGroups(pipeline: String?) async throws -> [DeadLetterGroup] {
        try await store.writer.submit { try $0.deadLetterGroups(pipeline: pipeline) }
    }

    package func deadLetters(_ selection: DeadLetterSelection, limit: Int) async throws -> [DeadLetter] {
        try await store.writer.submit { try $0.deadLetters(selection, limit: limit) }
    }

    package func deadLetters(
        _ selection: DeadLetterSelection, after place: DeadLetterPlace?
    ) async throws -> DeadLetterPage {
        try await store.writer.submit { try $0.deadLetters(selection, after: place) }
    }

    package func redrive(
        _ selection: DeadLetterSelection, _ options: RedriveOptions
    ) async throws -> RedriveReport {
        try Self.check(options)
        // What dies again while this runs is a new dead letter of the same selection: only those of now are sent.
        let (places, start) = try await store.writer.submit { state in
            (try state.places(of: selection, limit: options.limit ?? .max), state.nextChunk)
        }
        if options.body != nil && places.count > 1 {
            throw ControlError.refused("a new body is for one dead letter, and \(places.count) are selected")
        }
        let store = store
        var rest = places[...]
        var sent: Set<RecordIdentity> = []
        while let batch = nextBatch(&rest, rate: options.rate) {
            if let most = options.stopAfter, !sent.isEmpty {
                let died = try await countDead(sent, selection, since: start)
                if died >= most { return RedriveReport(redriven: sent.count, diedAgain: died, stopped: true) }
            }
            let redriven = try await store.writer.submit { state in
                try state.redrive(batch, body: options.body) { queue, body, id, group in
                    store.catalogue.find(queue).map { store.read(body, id: id, senderGroup: group, for: $0) }
                }
            }
            sent.formUnion(redriven)
            if let rate = options.rate, !rest.isEmpty {
                try await Task.sleep(for: .seconds(Double(batch.count) / rate))
            }
        }
        let died = try await countDead(sent, selection, since: start)
        return RedriveReport(redriven: sent.count, diedAgain: died, stopped: false)
    }

    /// From 0.001/s, so that every wait is one that ends.
    private static func check(_ options: RedriveOptions) throws {
        if let rate = options.rate, !(0.001...1e9).contains(rate) {
            throw ControlError.refused("a redrive at \(rate) messages a second is not possible; give 0.001 to 1e9")
        }
        if let limit = options.limit, limit < 0 {
            throw ControlError.refused("a redrive cannot send \(limit) dead letters; give a number from 0 on")
        }
    }

    /// As many as one second of the rate allows, or a thousand at once.
    private func nextBatch(_ rest: inout ArraySlice<MessageRef>, rate: Double?) -> [MessageRef]? {
        guard !rest.isEmpty else { return nil }
        let count = rate.map { max(1, Int(min($0, 1_000))) } ?? 1_000
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    private func countDead(
        _ identities: Set<RecordIdentity>, _ selection: DeadLetterSelection, since chunk: Int64
    ) async throws -> Int {
        try await store.writer.submit { try $0.countDead(identities, pipeline: selection.pipeline, since: chunk) }
    }

    package func discard(_ selection: DeadLetterSelection, reason: String, who: String) async throws -> Int {
        try await store.writer.submit { try $0.discard(selection, reason: reason, who: who) }
    }

    package func pause(pipeline: String, step: String?, reason: String?) async throws -> [StepName] {
        let steps = try await store.writer.submit { state in
            let steps = try state.steps(pipeline: pipeline, step: step)
            for step in steps { try state.pause(step, reason: reason) }
            return steps
        }
        for step in steps { registry?[step]?.pause(reason: reason) }
        return steps
    }

    package func resume(pipeline: String, step: String?) async throws -> [StepName] {
        let steps = try await store.writer.submit { state in
            let steps = try state.steps(pipeline: pipeline, step: step)
            for step in steps { try state.resume(step) }
            return steps
        }
        for step in steps { registry?[step]?.resume() }
        return steps
    }

    package func wait(pipeline: String?, until condition: WaitCondition) async throws {
        let stages = try await store.writer.submit { try $0.stages(pipeline: pipeline) }
        let registry = registry
        switch condition {
        case .ready:
            guard registry == nil else { return }
            throw ControlError.failed("no pipeline runs on this folder")
        case .idle: try await store.wait { state in stages.allSatisfy { state.isIdle($0) } }
        }
    }

    /// Whoever runs pipelines puts a control of its own before this one, which reads definitions.
    package func planReload(of files: [String]?) async throws -> ReloadPlan { throw Self.nothingRuns }
    package func reload(_ files: [String]?, as shown: ReloadPlan?) async throws -> ReloadPlan { throw Self.nothingRuns }

    private static let nothingRuns = ControlError.failed("nothing runs on this folder, so there is nothing to reload")

    /// A queue that is not there is an error of the command line.
    func explained<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as QueueError {
            if case .unknown = error { throw ControlError.unknown("\(error)") }
            throw error
        }
    }
}

extension StoreState {
    func steps(pipeline name: String, step: String?) throws -> [StepName] {
        guard let pipeline = pipelines[name] else {
            throw ControlError.unknown(
                "there is no pipeline '\(name)'\(NearestName.hint(for: name, among: pipelines.keys))")
        }
        let steps = pipeline.stages.map(\.step)
        guard let step else { return steps }
        guard let found = steps.first(where: { $0.step == step }) else {
            throw ControlError.unknown(
                "pipeline '\(name)' has no step '\(step)'; it has \(steps.map { "'\($0.step)'" }.joined(separator: ", "))"
            )
        }
        return [found]
    }

    func stages(pipeline name: String?) throws -> [PipelineRecord.Stage] {
        guard let name else { return pipelines.values.flatMap(\.stages) }
        _ = try steps(pipeline: name, step: nil)
        return pipelines[name]?.stages ?? []
    }
}
