import Foundation
import Logging
import Sluice
import Synchronization

/// The store as other threads see it: the writer, what may be known without it, and the folder's secret.
final class Store: Sendable {
    let writer: StoreWriter
    let catalogue: QueueCatalogue
    let clock: any EngineClock
    let folder: DataFolder
    let folderID: String
    let reserve: DiskReserve
    let blobs: BlobFolder
    let secret: [UInt8]
    private let hasher: SubjectHasher
    private let ids = Mutex(MessageIDSource())
    private let waiters = Atomic<UInt64>(1)

    private init(
        writer: StoreWriter, catalogue: QueueCatalogue, clock: any EngineClock, folder: DataFolder,
        identity: FolderIdentity, reserve: DiskReserve, blobs: BlobFolder
    ) {
        self.writer = writer
        self.catalogue = catalogue
        self.clock = clock
        self.folder = folder
        self.reserve = reserve
        self.blobs = blobs
        folderID = identity.id
        secret = Array(identity.secret)
        hasher = SubjectHasher(secret: identity.secret)
    }

    /// Opens the store of a folder that this process has locked.
    /// - Parameter makeClock: is told the last moment that the folder has seen.
    static func open(
        _ folder: DataFolder, logger: Logger, faults: StoreFaults = .none,
        makeClock: @escaping @Sendable (Timestamp?) -> any EngineClock
    ) async throws -> Store {
        let identity = Mutex<(FolderIdentity, any EngineClock)?>(nil)
        let catalogue = QueueCatalogue()
        let blobs = BlobFolder(folder: folder.path)
        let reserve = try DiskReserve(folder: folder.path, size: faults.reserve)
        let writer = try await StoreWriter.start(
            folder: folder.path, logger: logger, reserve: reserve, faults: faults
        ) {
            do {
                let database = try StoreDatabase(path: folder.storePath)
                // What a crash has left at the end of the log never stands behind what is written from now on.
                let isLogLeft = try !database.truncateLog(waiting: true)
                let found = try FolderIdentity(of: database)
                let clock = makeClock(found.seen)
                identity.withLock { $0 = (found, clock) }
                let state = StoreState(
                    database: database, blobs: blobs, clock: clock, catalogue: catalogue, logger: logger)
                state.isLogLeft = isLogLeft
                try state.load(processDied: true)
                try state.buryKillers()
                try state.sweepBlobs()
                try state.sweepSegments()
                if state.hasChanges { try state.flush() }
                return state
            } catch {
                throw StoreDatabase.explain(error, path: folder.storePath)
            }
        }
        guard let (found, clock) = identity.withLock({ $0 }) else {
            throw ControlError.failed("the store of '\(folder.path)' did not start")
        }
        let hasher = SubjectHasher(secret: found.secret)
        try await writer.submit { state in
            state.reading = { queue, body, id, group in
                catalogue.entry(named: queue)?.read(body, id: id, senderGroup: group, hasher: hasher)
            }
        }
        clock.onJump { [weak writer] in writer?.wake() }
        return Store(
            writer: writer, catalogue: catalogue, clock: clock, folder: folder, identity: found, reserve: reserve,
            blobs: blobs)
    }

    /// A store that nobody closed ends with the last who used it. Its thread keeps the folder locked until then.
    deinit { writer.end("nobody uses it any more") }

    func nextWaiter() -> UInt64 { waiters.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// Ends the wait of a cancelled task: by a submission, for the wait may not have begun yet.
    func cancel(waiter id: UInt64) {
        writer.enqueue(
            StoreWriter.Submission(
                grows: false,
                run: { state in
                    state.cancel(waiter: id)
                    return {}
                },
                // A store that is closed has answered everybody who waited.
                fail: { _ in }))
    }

    /// Chooses ids and reads lineages on the sender's own task, so that the writer has less to do.
    func prepare(
        _ messages: [NewMessage], at position: SendPosition?, for entry: QueueCatalogue.Entry
    ) -> [PreparedMessage] {
        var source = ids.withLock { $0.split() }
        return messages.enumerated().map { offset, message in
            let id = position.map { MessageID(of: $0.advanced(by: offset)) } ?? source.id()
            let intake = entry.read(message.body, id: id, senderGroup: message.group, hasher: hasher)
            var prepared = PreparedMessage(
                id: id, body: message.body, lineage: intake.lineage, deduplicationID: message.deduplicationID,
                delay: message.delay)
            prepared.withoutSubject = intake.withoutSubject
            prepared.properties = message.properties.flatMap { $0.isEmpty ? nil : $0 }
            if let refusal = entry.record.refusal(of: message.body) {
                prepared.refusal = refusal
            } else if let delay = message.delay, !Limits.delay.now.contains(delay) {
                prepared.refusal = "its delay is \(delay); 0 s to 15 minutes are allowed"
            } else if message.delay != nil && entry.type == .fifo {
                prepared.refusal = "a FIFO queue takes no delay of one message: it would break the order of its group"
            } else if let missing = intake.missing {
                if entry.hasDeadLetterQueue { prepared.deadOnArrival = missing } else { prepared.refusal = missing }
            }
            return prepared
        }
    }

    /// Reads the lineages of records that Split has made, on the step's own task.
    func prepare(_ part: SplitPart, for entry: QueueCatalogue.Entry) -> [PreparedMessage] {
        var source = ids.withLock { $0.split() }
        return part.records.map { record in
            let id = source.id()
            let intake = entry.read(record.body, id: id, senderGroup: nil, hasher: hasher)
            var prepared = PreparedMessage(id: id, body: record.body, lineage: intake.lineage)
            prepared.lineage.identity = part.identity(of: record.number)
            prepared.withoutSubject = intake.withoutSubject
            prepared.deadOnArrival = intake.missing
            return prepared
        }
    }

    /// What a claim reads from a message that was there before its definition.
    func read(_ body: Bytes, id: MessageID, senderGroup: String?, for entry: QueueCatalogue.Entry) -> IntakeResult {
        entry.read(body, id: id, senderGroup: senderGroup, hasher: hasher)
    }
}

/// What makes a folder this one: written once.
struct FolderIdentity: Sendable {
    let id: String
    let secret: Data
    /// The last moment that was noted in it.
    let seen: Timestamp?

    init(of database: StoreDatabase) throws {
        let values = try database.folderValues()
        guard let id = values["id"].map({ String(decoding: $0, as: UTF8.self) }), let secret = values["secret"] else {
            throw StoreDamage("the folder has no id")
        }
        self.id = id
        self.secret = secret
        seen = values["seen"].flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
            .map(Timestamp.init(milliseconds:))
    }
}

extension MessageIDSource {
    /// A source of its own for a batch of ids, so that the lock is held for a moment only.
    mutating func split() -> MessageIDSource { MessageIDSource(seed: next()) }
}
