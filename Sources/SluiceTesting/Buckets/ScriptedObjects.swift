package import Sluice
import Synchronization

/// Objects in memory for tests of Split: lists of texts, read so many at a time.
package final class ScriptedObjects: ObjectOpener {
    struct State {
        var records: [ObjectVersion: [String]] = [:]
        var errors: [any Error] = []
        var opened: [SourcePosition?] = []
        var closed = 0
    }

    private let state = Mutex(State())
    /// Records of one part at most.
    private let most: Int

    package init(most: Int = .max) { self.most = most }

    /// - Parameter records: a text that begins with `!` is a broken record.
    package func put(_ records: [String], as object: ObjectVersion) {
        state.withLock { $0.records[object] = records }
    }

    /// The next reads fail so, one after the other.
    package func fail(with errors: any Error...) { state.withLock { $0.errors += errors } }

    /// The position of each time that an object was opened.
    package var opened: [SourcePosition?] { state.withLock(\.opened) }
    package var openNow: Int { state.withLock { $0.opened.count - $0.closed } }

    package func open(_ object: ObjectVersion, at position: SourcePosition?) throws -> any ObjectRecords {
        try state.withLock { state in
            guard let records = state.records[object] else { throw ObjectError.gone("'\(object)' is not there") }
            state.opened.append(position)
            return ScriptedRecords(objects: self, records: records, next: Int(position?.number ?? 0))
        }
    }

    fileprivate func read(from next: Int, of records: [String], upTo limit: Int) throws -> SplitBatch {
        if let error = state.withLock({ $0.errors.isEmpty ? nil : $0.errors.removeFirst() }) { throw error }
        let end = min(records.count, next + min(limit, most))
        var batch = SplitBatch(
            position: SourcePosition(offset: Int64(end) * 10, number: Int64(end), line: Int64(end) + 1),
            isAtEnd: end == records.count)
        for index in next..<end {
            let (number, text) = (Int64(index), records[index])
            if text.hasPrefix("!") {
                batch.broken.append(
                    BrokenRecord(
                        number: number, offset: number * 10, line: number + 1, reason: "it is no JSON",
                        type: "not-json", bytes: Bytes(text)))
            } else {
                batch.records.append(
                    SplitRecord(body: Bytes(text), number: number, offset: number * 10, line: number + 1))
            }
        }
        return batch
    }

    fileprivate func close() { state.withLock { $0.closed += 1 } }
}

private actor ScriptedRecords: ObjectRecords {
    private let objects: ScriptedObjects
    private let records: [String]
    private var place: Int

    init(objects: ScriptedObjects, records: [String], next: Int) {
        self.objects = objects
        self.records = records
        place = next
    }

    func next(records limit: Int, bytes: Int) throws -> SplitBatch {
        let batch = try objects.read(from: place, of: records, upTo: limit)
        place = Int(batch.position.number)
        return batch
    }

    func close() { objects.close() }
}
