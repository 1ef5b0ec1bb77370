import Synchronization

/// Turns objects into records. Each message announces an object, and is kept until the object is read to its end: after
/// every part its records and the position behind them are stored together.
package struct SplitStep: Step {
    package let name: StepName
    private let intake: any BoundedQueue
    private let opener: any ObjectOpener
    private let readers: OpenObjects
    private let policy: FailurePolicy

    /// Records, and bytes of them, of one part: what one transaction stores.
    private static let records = 2_000
    private static let bytes = 1 << 20

    /// - Parameter intake: the queue that the records enter.
    package init(
        _ pipeline: Pipeline, into intake: any BoundedQueue, opener: any ObjectOpener, control: StepControl,
        clock: any EngineClock
    ) throws {
        name = pipeline.splitStep
        self.intake = intake
        self.opener = opener
        readers = OpenObjects()
        policy = FailurePolicy(
            rules: try ErrorRules([]), backoff: Backoff(), step: name, version: nil, clock: clock, control: control)
    }

    package func process(_ batch: [ReceivedMessage]) async -> [Disposition] {
        var dispositions: [Disposition] = []
        for message in batch { dispositions.append(await process(message)) }
        return dispositions
    }

    private func process(_ message: ReceivedMessage) async -> Disposition {
        let announced: ObjectNotification
        do throws(ObjectNotification.Mistake) {
            announced = try ObjectNotification(parsing: message.body)
        } catch {
            return .dead(policy.failure(Problem(reason: "\(error)", type: "notification", remedy: .reject)))
        }
        do {
            return .split(try await part(of: announced, from: message.position))
        } catch ObjectError.gone(let reason) {
            return .dead(policy.failure(Problem(reason: reason, type: "gone", remedy: .reject)))
        } catch {
            // Work that our own shutdown cut short is no failure.
            if Task.isCancelled { return .release() }
            return policy.retry(message, Problem(reason: "\(error)", type: "unreadable", remedy: .retry))
        }
    }

    private func part(of announced: ObjectNotification, from position: SourcePosition?) async throws -> SplitPart {
        let object = announced.object
        let reader = try await reader(of: object, at: position)
        let batch: SplitBatch
        do {
            batch = try await reader.next(records: max(1, min(Self.records, intake.room)), bytes: Self.bytes)
        } catch {
            await reader.close()
            throw error
        }
        if batch.isAtEnd {
            await reader.close()
        } else {
            await readers.keep(reader, of: object, at: batch.position)
        }
        // Who asks for some records of an object does not mean what is none.
        let wanted = announced.replay?.conditions ?? []
        let broken = wanted.isEmpty ? batch.broken : []
        return SplitPart(
            object: object, replay: announced.replay?.number ?? 0, intake: intake.name,
            records: wanted.isEmpty ? batch.records : batch.records.filter { wanted.hold(for: $0.body) },
            refused: broken.map { refused($0, of: object) }, next: batch.isAtEnd ? nil : batch.position)
    }

    private func reader(of object: ObjectVersion, at position: SourcePosition?) async throws -> any ObjectRecords {
        if let position, let reader = await readers.take(object, at: position) { return reader }
        return try await opener.open(object, at: position)
    }

    private func refused(_ broken: BrokenRecord, of object: ObjectVersion) -> RefusedRecord {
        let place = "\"\(object.bucket)/\(object.key)\", line \(broken.line), byte \(broken.offset)"
        return RefusedRecord(
            number: broken.number, body: broken.bytes,
            failure: policy.failure(
                Problem(reason: "\(place): \(broken.reason)", type: broken.type, remedy: .reject)))
    }

    /// Lets go of the objects that are being read. Called once, when the step has ended.
    package func close() async { await readers.closeAll() }
}

/// Objects that were read in part: opening one anew at its position can cost as much as all that was read before.
private actor OpenObjects {
    private struct Reader {
        let records: any ObjectRecords
        let object: ObjectVersion
        let position: SourcePosition
    }

    /// As many objects are read at once, and a few whose part was settled otherwise than it was read.
    private static let most = 16

    private var readers: [Reader] = []

    func keep(_ records: any ObjectRecords, of object: ObjectVersion, at position: SourcePosition) async {
        readers.append(Reader(records: records, object: object, position: position))
        if readers.count > Self.most { await readers.removeFirst().records.close() }
    }

    func take(_ object: ObjectVersion, at position: SourcePosition) -> (any ObjectRecords)? {
        guard let index = readers.lastIndex(where: { $0.object == object && $0.position == position }) else {
            return nil
        }
        return readers.remove(at: index).records
    }

    func closeAll() async {
        let open = readers
        readers = []
        for reader in open { await reader.records.close() }
    }
}
