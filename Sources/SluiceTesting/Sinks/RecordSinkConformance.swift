public import Sluice
public import Testing

/// A place that a kind of sink writes to, for `RecordSinkConformance`: empty at first, and there until the test ends.
public protocol RecordSinkPlace: Sendable {
    /// Another sink over the same place: what a process has after the one before it was killed.
    func sink() async throws -> any RecordSink

    /// The member `n` of every row that is there, in the order the rows were written.
    func storedNumbers() async throws -> [Int]

    /// A body that this sink refuses for good, whatever is stored.
    var refusedBody: Bytes { get }

    /// Whether a record that comes again, with the identity it had, is known as that and written once. A sink that
    /// cannot tell (it has no transactions, and no key) is judged without.
    var knowsRepeatedRecords: Bool { get }

    /// How many records a large batch has; fewer where each is a request of its own.
    var largeBatch: Int { get }
}

extension RecordSinkPlace {
    public var largeBatch: Int { 10_000 }
}

/// What every `RecordSink` promises. Run each case against a new place:
///
///     @Test("the sink keeps the promises of sinks", arguments: RecordSinkConformance.allCases)
///     func conforms(_ promise: RecordSinkConformance) async throws { try await promise.check(MyPlace()) }
public enum RecordSinkConformance: String, CaseIterable, Sendable {
    case writesInOrder = "records are stored in the order given"
    case takesNothing = "an empty batch is no error"
    case takesLargeBatches = "a batch may have thousands of records"
    case wholeOrNot = "a batch with a record that is refused stores nothing, and says which it is"
    case takesTheRest = "the others of that batch are taken when they come without it"
    case namesWhatIsBad = "of several records that are refused it names some, and no good one, until all are taken"
    case repeatsOnce = "records that come again after a crash before the settlement are stored once"
    case settlesQuietly = "settled records may be named again, and so may unknown ones"
    case keepsEqualRecords = "records with the same content are not one record"
    case writesAtOnce = "batches that are written at once are all stored, each whole and in order"
    case probesQuietly = "a probe stores nothing, and is allowed at any time"
    case survivesClose = "what was written is there after the sink was closed"
}

extension RecordSinkConformance {
    /// Records an issue for each way in which the sinks of `place`, which must be empty, break this promise.
    public func check(
        _ place: some RecordSinkPlace, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let check = SinkCheck(place: place, location: sourceLocation)
        switch self {
        case .writesInOrder: try await check.writesInOrder()
        case .takesNothing: try await check.takesNothing()
        case .takesLargeBatches: try await check.takesLargeBatches()
        case .wholeOrNot: try await check.wholeOrNot()
        case .takesTheRest: try await check.takesTheRest()
        case .namesWhatIsBad: try await check.namesWhatIsBad()
        case .repeatsOnce: try await check.repeatsOnce()
        case .settlesQuietly: try await check.settlesQuietly()
        case .keepsEqualRecords: try await check.keepsEqualRecords()
        case .writesAtOnce: try await check.writesAtOnce()
        case .probesQuietly: try await check.probesQuietly()
        case .survivesClose: try await check.survivesClose()
        }
    }
}

/// The promises, one a function.
private struct SinkCheck<Place: RecordSinkPlace> {
    let place: Place
    let location: SourceLocation

    func writesInOrder() async throws {
        let sink = try await place.sink()
        #expect(try await sink.write(records(0..<3)) == written(3), sourceLocation: location)
        #expect(try await sink.write(records(3..<5)) == written(2), sourceLocation: location)
        await sink.close()
        try await expectStored(0..<5)
    }

    func takesNothing() async throws {
        let sink = try await place.sink()
        #expect(try await sink.write([]) == [], sourceLocation: location)
        await sink.close()
    }

    func takesLargeBatches() async throws {
        let sink = try await place.sink()
        let count = place.largeBatch
        #expect(try await sink.write(records(0..<count)) == written(count), sourceLocation: location)
        await sink.close()
        try await expectStored(0..<count)
    }

    func wholeOrNot() async throws {
        let sink = try await place.sink()
        _ = try await sink.write(records(0..<2))
        for index in [0, 2, 4] {
            var batch = records(2..<7)
            batch[index].body = place.refusedBody
            try await expectRefused(batch, at: index, by: sink)
            try await expectStored(0..<2)
        }
        await sink.close()
    }

    func takesTheRest() async throws {
        let sink = try await place.sink()
        var batch = records(0..<5)
        batch[4].body = place.refusedBody
        try await expectRefused(batch, at: 4, by: sink)
        #expect(try await sink.write(Array(batch[..<4])) == written(4), sourceLocation: location)
        await sink.close()
        try await expectStored(0..<4)
    }

    func namesWhatIsBad() async throws {
        let sink = try await place.sink()
        var batch = records(0..<8)
        for index in [0, 3, 4, 7] { batch[index].body = place.refusedBody }
        for _ in 0..<4 {
            do throws(SinkError) {
                #expect(try await sink.write(batch) == written(4), sourceLocation: location)
                break
            } catch {
                guard case .rejected(let rejections) = error else {
                    switch error {
                    case .batchRejected, .tooLarge: return await sink.close()  // it cannot tell
                    default: break
                    }
                    Issue.record("bad records are not the sink's fault: \(error)", sourceLocation: location)
                    return
                }
                let indices = rejections.map(\.index)
                #expect(!indices.isEmpty && indices == Set(indices).sorted(), sourceLocation: location)
                guard indices.allSatisfy({ batch.indices.contains($0) && batch[$0].body == place.refusedBody }) else {
                    Issue.record("a good record, or none, is named: \(rejections)", sourceLocation: location)
                    return
                }
                for index in indices.reversed() { batch.remove(at: index) }
                try await expectStored(0..<0)
            }
        }
        await sink.close()
        #expect(try await place.storedNumbers() == [1, 2, 5, 6], sourceLocation: location)
    }

    func repeatsOnce() async throws {
        guard place.knowsRepeatedRecords else { return }
        let killed = try await place.sink()
        _ = try await killed.write(records(0..<3))
        let next = try await place.sink()
        let effects = try await next.write(records(0..<5))
        #expect(effects.suffix(2) == [.written, .written], sourceLocation: location)
        #expect(effects.prefix(3).allSatisfy { $0 == .repeated || $0 == .written }, sourceLocation: location)
        try await expectStored(0..<5)
        await next.close()
        await killed.close()
    }

    func settlesQuietly() async throws {
        let sink = try await place.sink()
        let identities = records(0..<3).map(\.identity)
        try await sink.settled(identities)
        _ = try await sink.write(records(0..<3))
        try await sink.settled(identities)
        try await sink.settled(identities)
        #expect(try await sink.write(records(3..<4)) == written(1), sourceLocation: location)
        await sink.close()
        try await expectStored(0..<4)
    }

    /// Identity is never the content: with a key of their own the rows may be one, so the content differs by `n` here.
    func keepsEqualRecords() async throws {
        let sink = try await place.sink()
        var batch = records(0..<2)
        batch[1].identity = batch[0].identity.output(1)
        #expect(try await sink.write(batch) == written(2), sourceLocation: location)
        await sink.close()
        try await expectStored(0..<2)
    }

    func writesAtOnce() async throws {
        let sink = try await place.sink()
        try await withThrowingTaskGroup(of: [SinkEffect].self) { group in
            for writer in 0..<8 { group.addTask { try await sink.write(records((writer * 50)..<(writer * 50 + 50))) } }
            for try await effects in group { #expect(effects == written(50), sourceLocation: location) }
        }
        await sink.close()
        let stored = try await place.storedNumbers()
        #expect(stored.sorted() == Array(0..<400), sourceLocation: location)
        for start in stride(from: 0, to: min(400, stored.count), by: 50) {
            let batch = stored[start..<min(start + 50, stored.count)]
            #expect(batch.elementsEqual(batch[start]..<(batch[start] + batch.count)), sourceLocation: location)
        }
    }

    func probesQuietly() async throws {
        let sink = try await place.sink()
        _ = try await sink.write(records(0..<1))
        try await sink.probe()
        try await sink.probe()
        #expect(try await sink.write(records(1..<2)) == written(1), sourceLocation: location)
        await sink.close()
        try await expectStored(0..<2)
    }

    func survivesClose() async throws {
        let sink = try await place.sink()
        _ = try await sink.write(records(0..<2))
        try await sink.settled(records(0..<2).map(\.identity))
        await sink.close()
        let next = try await place.sink()
        #expect(try await next.write(records(2..<3)) == written(1), sourceLocation: location)
        await next.close()
        try await expectStored(0..<3)
    }

    // MARK: Help

    private func records(_ numbers: Range<Int>) -> [SinkRecord] {
        numbers.map { number in
            SinkRecord(
                identity: RecordIdentity("record-\(number)"),
                body: Bytes(#"{"n":\#(number),"text":"number \#(number)"}"#),
                received: Timestamp(milliseconds: Int64(number)))
        }
    }

    private func written(_ count: Int) -> [SinkEffect] { Array(repeating: .written, count: count) }

    private func expectStored(_ numbers: Range<Int>) async throws {
        #expect(try await place.storedNumbers() == Array(numbers), sourceLocation: location)
    }

    private func expectRefused(_ batch: [SinkRecord], at index: Int, by sink: any RecordSink) async throws {
        let error = await #expect(throws: SinkError.self, sourceLocation: location) { try await sink.write(batch) }
        switch error {
        case .rejected(let rejections):
            #expect(rejections.map(\.index) == [index], sourceLocation: location)
            #expect(rejections.allSatisfy { !$0.reason.isEmpty && !$0.type.isEmpty }, sourceLocation: location)
        case .batchRejected, .tooLarge, nil: break
        case .busy, .unavailable:
            Issue.record("a bad record is not the sink's fault: \(String(describing: error))", sourceLocation: location)
        }
    }
}
