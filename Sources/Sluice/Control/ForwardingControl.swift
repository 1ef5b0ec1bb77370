/// A control that does most of what it is asked by asking another one.
package protocol ForwardingControl: Control {
    var control: any Control { get }
}

extension ForwardingControl {
    package func hello() async throws -> ControlHello { try await control.hello() }
    package func status(pipeline: String?) async throws -> StatusReport { try await control.status(pipeline: pipeline) }
    package func queues(named name: String?) async throws -> [QueueReport] { try await control.queues(named: name) }
    package func send(
        _ messages: [NewMessage], to queue: String, at position: SendPosition?
    ) async throws -> [SendResult] {
        try await control.send(messages, to: queue, at: position)
    }
    package func createQueue(_ name: String, _ attributes: QueueAttributes) async throws -> Bool {
        try await control.createQueue(name, attributes)
    }
    package func detail(ofQueue name: String) async throws -> QueueDetail { try await control.detail(ofQueue: name) }
    package func peek(_ name: String, state: PeekedMessage.State?, limit: Int) async throws -> [PeekedMessage] {
        try await control.peek(name, state: state, limit: limit)
    }
    package func purgeQueue(_ name: String, who: String) async throws -> Int {
        try await control.purgeQueue(name, who: who)
    }
    package func put(_ uploads: [ObjectUpload]) async throws -> [StoredObject] { try await control.put(uploads) }
    package func buckets(named name: String?) async throws -> [BucketReport] {
        try await control.buckets(named: name)
    }
    package func objects(_ selection: ObjectSelection) async throws -> [StoredObject] {
        try await control.objects(selection)
    }
    package func archive(pipeline: String?) async throws -> [ArchiveHour] {
        try await control.archive(pipeline: pipeline)
    }
    package func rawCopies(_ selection: RawCopySelection) async throws -> RawCopyPage {
        try await control.rawCopies(selection)
    }
    package func archivedObjects(_ selection: ArchivedObjectSelection) async throws -> [ArchivedObject] {
        try await control.archivedObjects(selection)
    }
    package func verifyArchive(pipeline: String, after place: Int64) async throws -> ArchiveVerification {
        try await control.verifyArchive(pipeline: pipeline, after: place)
    }
    package func places(of identity: RecordIdentity, in pipeline: String) async throws -> [RecordPlace] {
        try await control.places(of: identity, in: pipeline)
    }
    package func estimate(_ request: ReplayRequest) async throws -> ReplayEstimate {
        try await control.estimate(request)
    }
    package func beginReplay(_ request: ReplayRequest) async throws -> ReplayReport {
        try await control.beginReplay(request)
    }
    package func continueReplay(_ number: Int, atMost limit: Int) async throws -> ReplayReport {
        try await control.continueReplay(number, atMost: limit)
    }
    package func codeVersions(of step: StepName) async throws -> [CodeVersion] {
        try await control.codeVersions(of: step)
    }
    package func deadLetterGroups(pipeline: String?) async throws -> [DeadLetterGroup] {
        try await control.deadLetterGroups(pipeline: pipeline)
    }
    package func deadLetters(_ selection: DeadLetterSelection, limit: Int) async throws -> [DeadLetter] {
        try await control.deadLetters(selection, limit: limit)
    }
    package func deadLetters(
        _ selection: DeadLetterSelection, after place: DeadLetterPlace?
    ) async throws -> DeadLetterPage {
        try await control.deadLetters(selection, after: place)
    }
    package func redrive(_ selection: DeadLetterSelection, _ options: RedriveOptions) async throws -> RedriveReport {
        try await control.redrive(selection, options)
    }
    package func discard(_ selection: DeadLetterSelection, reason: String, who: String) async throws -> Int {
        try await control.discard(selection, reason: reason, who: who)
    }
    package func pause(pipeline: String, step: String?, reason: String?) async throws -> [StepName] {
        try await control.pause(pipeline: pipeline, step: step, reason: reason)
    }
    package func resume(pipeline: String, step: String?) async throws -> [StepName] {
        try await control.resume(pipeline: pipeline, step: step)
    }
    package func wait(pipeline: String?, until condition: WaitCondition) async throws {
        try await control.wait(pipeline: pipeline, until: condition)
    }
    package func planReload(of files: [String]?) async throws -> ReloadPlan {
        try await control.planReload(of: files)
    }
    package func reload(_ files: [String]?, as shown: ReloadPlan?) async throws -> ReloadPlan {
        try await control.reload(files, as: shown)
    }
}
