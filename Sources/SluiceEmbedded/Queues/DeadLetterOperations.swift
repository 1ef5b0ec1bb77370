import Foundation
import GRDB
import Sluice

/// Looking at dead letters, sending them back, taking them out.
extension StoreState {
    /// A dead letter that is there, with its header.
    private struct Found {
        let queue: QueueState
        let chunk: Chunk
        let ref: MessageRef
        let header: MessageHeader
        let pipeline: String
        /// The queue that it died in, or that would have sent it here.
        let source: String

        /// Why it is here. One that was sent here before a definition made this a dead-letter queue has not died.
        var failure: Failure {
            header.death?.history.latest
                ?? Failure(
                    reason: "it was sent here; it did not die", type: "sent", step: queue.record.step ?? queue.name,
                    time: header.sent)
        }
    }

    private func found(_ ref: MessageRef, _ chunk: Chunk, _ queue: QueueState, _ header: MessageHeader) -> Found? {
        guard let pipeline = queue.record.pipeline else { return nil }
        let source =
            header.death?.source ?? queues.values.first { $0.record.deadLetterQueue == queue.name }?.name ?? ""
        return Found(queue: queue, chunk: chunk, ref: ref, header: header, pipeline: pipeline, source: source)
    }

    func deadLetterGroups(pipeline: String?) throws -> [DeadLetterGroup] {
        try checkPipeline(pipeline)
        var sums: [DeadLetterSum.Key: DeadLetterSum] = [:]
        for queue in deadQueues(of: pipeline) { try addDigests(of: queue, to: &sums) }
        return try sums.compactMap(group).sorted {
            ($0.pipeline, -$0.count, $0.first, $0.fingerprint) < ($1.pipeline, -$1.count, $1.first, $1.fingerprint)
        }
    }

    /// What is known of the dead letters of one pipeline that failed alike.
    private struct DeadLetterSum {
        struct Key: Hashable {
            var pipeline: String
            var fingerprint: Int32
        }
        var count = 0
        var first: Timestamp
        var last: Timestamp
        var latest: MessageRef
    }

    private func addDigests(of queue: QueueState, to sums: inout [DeadLetterSum.Key: DeadLetterSum]) throws {
        guard let pipeline = queue.record.pipeline else { return }
        for chunk in queue.chunks.lazy.compactMap({ self.chunks[$0] }) {
            let digests = try digests(of: chunk, in: queue)
            for index in 0..<chunk.count where chunk.states[index].status == .ready {
                guard let digest = digests[index] else { continue }
                let ref = MessageRef(chunk: chunk.id, index: Int32(index))
                let key = DeadLetterSum.Key(pipeline: pipeline, fingerprint: digest.fingerprint)
                var sum = sums[key] ?? DeadLetterSum(first: digest.time, last: digest.time, latest: ref)
                sum.count += 1
                sum.first = min(sum.first, digest.time)
                if digest.time >= sum.last { (sum.last, sum.latest) = (digest.time, ref) }
                sums[key] = sum
            }
        }
    }

    /// In the words of its latest.
    private func group(_ key: DeadLetterSum.Key, _ sum: DeadLetterSum) throws -> DeadLetterGroup? {
        guard let failure = try deadLetter(at: sum.latest)?.failure else { return nil }
        return DeadLetterGroup(
            pipeline: key.pipeline, fingerprint: digests.fingerprints[Int(key.fingerprint)], count: sum.count,
            step: failure.step, reason: failure.reason, first: sum.first, last: sum.last, version: failure.version)
    }

    /// Reads a chunk that nobody has looked at since the start.
    private func digests(of chunk: Chunk, in queue: QueueState) throws -> [DeadLetterDigests.Digest?] {
        // A chunk that this turn collects grows.
        if let known = digests[chunk.id], known.count == chunk.count { return known }
        let content = try content(of: chunk.id)
        let read = try (0..<chunk.count).map { index -> DeadLetterDigests.Digest? in
            guard chunk.states[index].status != .gone else { return nil }
            let ref = MessageRef(chunk: chunk.id, index: Int32(index))
            let found = found(ref, chunk, queue, try content.header(at: index))
            return found.map { digests.digest(of: $0.failure) }
        }
        digests.insert(read, for: chunk.id)
        return read
    }

    func deadLetters(_ selection: DeadLetterSelection, limit: Int) throws -> [DeadLetter] {
        guard limit > 0 else { return [] }
        var letters: [DeadLetter] = []
        try forEachDeadLetter(selection) { found in
            letters.append(try letter(found))
            return letters.count < limit
        }
        return letters
    }

    /// A page is at most so long that its answer fits into a frame of the control socket: in JSON a byte is up to four.
    private static let longestPage = (letters: 500, bytes: 1 << 20)

    func deadLetters(_ selection: DeadLetterSelection, after place: DeadLetterPlace?) throws -> DeadLetterPage {
        var page = DeadLetterPage(letters: [], next: nil)
        var bytes = 0
        var last: DeadLetterPlace?
        try forEachDeadLetter(selection, after: place) { found in
            let letter = try letter(found)
            bytes += letter.body.count + letter.history.kept.reduce(0) { $0 + $1.reason.utf8.count }
            let isFull = page.letters.count == Self.longestPage.letters || bytes > Self.longestPage.bytes
            if isFull, let last {
                page.next = last
                return false
            }
            page.letters.append(letter)
            last = DeadLetterPlace(queue: found.queue.id, chunk: found.ref.chunk, index: found.ref.index)
            return true
        }
        return page
    }

    private func letter(_ found: Found) throws -> DeadLetter {
        let header = found.header
        let index = Int(found.ref.index)
        let state = found.chunk.states[index]
        return DeadLetter(
            id: header.id, pipeline: found.pipeline, queue: found.queue.name, source: found.source,
            identity: header.lineage.identity, name: header.lineage.name, group: header.lineage.group,
            received: header.lineage.received, died: found.chunk.arrived,
            receiveCount: Int(state.receiveCount) + (header.death?.receiveCount ?? 0),
            history: header.death?.history ?? FailureHistory(found.failure),
            body: Array(try content(of: found.chunk.id).body(at: index)))
    }

    /// Where up to `limit` dead letters are, oldest first.
    func places(of selection: DeadLetterSelection, limit: Int) throws -> [MessageRef] {
        guard limit > 0 else { return [] }
        var places: [MessageRef] = []
        try forEachDeadLetter(selection) { found in
            places.append(found.ref)
            return places.count < limit
        }
        return places
    }

    /// Sends dead letters back to where they died, as new messages with their identity and their history. One that
    /// somebody has taken out meanwhile is passed over.
    /// - Parameter reading: what intake reads from a record that enters a queue; it counts again, for the body or the
    ///   definition may be another one than when the record died.
    /// - Returns: the identities of those that were sent.
    func redrive(_ places: [MessageRef], body: [UInt8]?, reading: RedriveReading) throws -> [RecordIdentity] {
        let selected = try places.compactMap { try deadLetter(at: $0) }
        for found in selected {
            guard let source = names[found.source].flatMap({ queues[$0] }) else {
                throw ControlError.refused(
                    "dead letter \(found.header.id) came from queue '\(found.source)', which is not there any more; "
                        + "run its definition first")
            }
            if let body, let refusal = source.record.refusal(of: body[...]) {
                throw ControlError.refused("the new body cannot be stored in '\(source.name)': \(refusal)")
            }
        }
        for found in selected { try sendBack(found, body: body, reading) }
        return selected.map(\.header.lineage.identity)
    }

    typealias RedriveReading = (_ queue: String, _ body: Bytes, _ id: MessageID, _ group: String?) -> IntakeResult?

    private func deadLetter(at place: MessageRef) throws -> Found? {
        guard let chunk = chunks[place.chunk], chunk.states[Int(place.index)].status == .ready,
            let queue = queues[chunk.queue], queue.record.role == .deadLetter
        else { return nil }
        let header = try content(of: chunk.id).header(at: Int(place.index))
        return found(place, chunk, queue, header)
    }

    private func sendBack(_ found: Found, body: [UInt8]?, _ reading: RedriveReading) throws {
        let source = try queue(named: found.source)
        let bytes = try body.map { $0[...] } ?? content(of: found.chunk.id).body(at: Int(found.ref.index))
        var header = found.header
        header.id = ids.id()
        header.bodyLength = bytes.count
        header.sent = now
        header.death?.redriven = true
        change(found.ref, found.chunk, found.queue, to: MessageState(status: .gone))
        try enterAgain(header, bytes, source, reading)
        ledger.add(LedgerBook.account(ofQueue: source.id), .redriven)
        ledger.add(LedgerBook.account(ofQueue: found.queue.id), .movedOut)
    }

    /// A redriven record enters as one that is sent does: what its definition asks for is read from it, and without
    /// that it dies again.
    func enterAgain(
        _ header: MessageHeader, _ body: Bytes, _ source: QueueState, _ reading: RedriveReading
    ) throws {
        var header = header
        guard source.record.intake != nil, let intake = reading(source.name, body, header.id, header.lineage.group)
        else {
            try append(header, body: body, to: source)
            return
        }
        header.lineage.take(intake.lineage)
        if let missing = intake.missing, let target = deadLetterQueue(of: source) {
            try dieOnArrival(header, body, source, target, missing)
        } else {
            try append(header, body: body, to: source)
        }
    }

    func discard(_ selection: DeadLetterSelection, reason: String, who: String) throws -> Int {
        var selected: [Found] = []
        try forEachDeadLetter(selection) { found in
            selected.append(found)
            return true
        }
        var counts: [String: Int] = [:]
        for found in selected {
            change(found.ref, found.chunk, found.queue, to: MessageState(status: .gone))
            ledger.add(LedgerBook.account(ofQueue: found.queue.id), .discarded)
            counts[found.queue.name, default: 0] += 1
        }
        let time = now.milliseconds
        for (queue, count) in counts {
            execute {
                try $0.execute(
                    sql: "INSERT INTO audit VALUES (?, 'dlq discard', ?, ?, ?, ?)",
                    arguments: [time, queue, count, who, reason])
            }
        }
        return selected.count
    }

    /// How many of these records have died in a chunk of this number or a later one.
    func countDead(_ identities: Set<RecordIdentity>, pipeline: String?, since chunk: Int64) throws -> Int {
        var count = 0
        try forEachDeadLetter(DeadLetterSelection(pipeline: pipeline), since: chunk) { found in
            if identities.contains(found.header.lineage.identity) { count += 1 }
            return true
        }
        return count
    }

    // MARK: Selecting

    /// Visits the visible dead letters that match, oldest first, until `visit` answers false.
    private func forEachDeadLetter(
        _ selection: DeadLetterSelection, since first: Int64 = 0, after place: DeadLetterPlace? = nil,
        _ visit: (Found) throws -> Bool
    ) throws {
        try checkPipeline(selection.pipeline)
        let ids = Set(selection.ids)
        let reason = selection.reason?.lowercased()
        for queue in deadQueues(of: selection.pipeline) where queue.id >= place?.queue ?? 0 {
            let behind = place.flatMap { $0.queue == queue.id ? MessageRef(chunk: $0.chunk, index: $0.index) : nil }
            for id in Array(queue.chunks[queue.firstPlace(after: max(first, behind?.chunk ?? 0) - 1)...]) {
                guard let chunk = chunks[id] else { continue }
                let content = try content(of: id)
                for index in 0..<chunk.count where chunk.states[index].status == .ready {
                    if let behind, MessageRef(chunk: id, index: Int32(index)) <= behind { continue }
                    let header = try content.header(at: index)
                    let ref = MessageRef(chunk: id, index: Int32(index))
                    guard let found = found(ref, chunk, queue, header), matches(found, ids, reason, selection) else {
                        continue
                    }
                    guard try visit(found) else { return }
                }
            }
        }
    }

    private func checkPipeline(_ name: String?) throws {
        guard let name, pipelines[name] == nil else { return }
        throw ControlError.unknown(
            "there is no pipeline '\(name)'\(NearestName.hint(for: name, among: pipelines.keys))")
    }

    /// The dead-letter queues of one pipeline, or of all, that have something in them, oldest first.
    private func deadQueues(of pipeline: String?) -> [QueueState] {
        queues.values.filter { queue in
            guard queue.record.role == .deadLetter, queue.depth.messages > 0, let owner = queue.record.pipeline else {
                return false
            }
            return pipeline ?? owner == owner
        }.sorted { $0.id < $1.id }
    }

    private func matches(
        _ found: Found, _ ids: Set<String>, _ reason: String?, _ selection: DeadLetterSelection
    ) -> Bool {
        let header = found.header
        let lineage = header.lineage
        if !ids.isEmpty, !ids.contains(header.id.description), !ids.contains(lineage.identity.text),
            !(lineage.name.map { ids.contains($0) } ?? false)
        {
            return false
        }
        let failure = found.failure
        if let fingerprint = selection.fingerprint, failure.fingerprint != fingerprint { return false }
        if let reason, !failure.reason.lowercased().contains(reason) { return false }
        if let since = selection.since, failure.time < since { return false }
        return true
    }
}
