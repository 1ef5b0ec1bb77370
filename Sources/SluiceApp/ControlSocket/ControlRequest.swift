import Sluice

/// A call of `Control` as it travels over `control.sock`; a send is a frame of its own kind.
enum ControlRequest: Sendable, Hashable, Codable {
    /// The first request of every connection. Its form never changes, whatever the version.
    case hello(protocolVersion: Int)
    case status(pipeline: String?)
    case queues(name: String?)
    case put([ObjectUpload])
    case buckets(name: String?)
    case objects(ObjectSelection)
    case archive(pipeline: String?)
    case rawCopies(RawCopySelection)
    case archivedObjects(ArchivedObjectSelection)
    case verifyArchive(pipeline: String, after: Int64)
    case estimate(ReplayRequest)
    case beginReplay(ReplayRequest)
    case continueReplay(Int)
    case codeVersions(StepName)
    case deadLetterGroups(pipeline: String?)
    case deadLetters(DeadLetterSelection, limit: Int)
    case deadLetterPage(DeadLetterSelection, after: DeadLetterPlace?)
    case redrive(DeadLetterSelection, RedriveOptions)
    case discard(DeadLetterSelection, reason: String, who: String)
    case pause(pipeline: String, step: String?, reason: String?)
    case resume(pipeline: String, step: String?)
    case wait(pipeline: String?, WaitCondition)
    case planReload(files: [String]?)
    case reload(files: [String]?, shown: ReloadPlan?)
}

enum ControlAnswer: Sendable, Hashable, Codable {
    case hello(ControlHello)
    case status(StatusReport)
    case queues([QueueReport])
    case put([StoredObject])
    case buckets([BucketReport])
    case objects([StoredObject])
    case archive([ArchiveHour])
    case rawCopies(RawCopyPage)
    case archivedObjects([ArchivedObject])
    case verification(ArchiveVerification)
    case estimate(ReplayEstimate)
    case replay(ReplayReport)
    case codeVersions([CodeVersion])
    case deadLetterGroups([DeadLetterGroup])
    case deadLetters([DeadLetter])
    case deadLetterPage(DeadLetterPage)
    case redriven(RedriveReport)
    case discarded(Int)
    case steps([StepName])
    case waited
    case reload(ReloadPlan)
}
