import Sluice
import Synchronization

/// Where each record must be: the queue it is in, or nowhere (`""`: not stored, or gone on purpose).
///
/// What was answered has happened; what was not answered when the store died may have happened. Moves are added up,
/// so that it does not matter in which order the tasks that made them get to note them.
final class RecordModel: Sendable {
    struct Move: Hashable {
        var from: String
        var to: String
    }

    private struct Track {
        /// How often the record is in each queue.
        var places: [String: Int] = ["": 1]
        var doubts: [Move] = []
        /// Sent back from a dead-letter queue: it may come later than younger ones of its group.
        var isRedriven = false
    }

    private struct Seen {
        var generation: UInt32
        var count: Int
        var byClient: Bool
    }

    private struct State {
        var tracks: [String: Track] = [:]
        var seen: [MessageID: Seen] = [:]
        var problems: [String] = []
        /// Dead letters whose own move (by the store, not by an answer) is in `tracks`.
        var accounted: Set<MessageID> = []
    }

    private let state = Mutex(State())

    func note(_ record: String, _ moves: [Move], isCertain: Bool) {
        state.withLock { state in
            for move in moves where move.from != move.to {
                if isCertain {
                    state.tracks[record, default: Track()].places.apply(move)
                } else {
                    state.tracks[record, default: Track()].doubts.append(move)
                }
            }
        }
    }

    /// A letter that the store buried by itself counts as moved there, once.
    func noteBurial(of letter: DeadLetter) {
        guard letter.isBuriedByStore, state.withLock({ $0.accounted.insert(letter.id).inserted }) else { return }
        note(letter.text, [Move(from: letter.source, to: letter.queue)], isCertain: true)
    }

    func markRedriven(_ record: String) { state.withLock { $0.tracks[record, default: Track()].isRedriven = true } }
    func isRedriven(_ record: String) -> Bool { state.withLock { $0.tracks[record]?.isRedriven ?? false } }

    /// The receive count of one message never goes back, and each receive of a client raises it.
    func see(_ batch: [ReceivedMessage], _ holder: ReceiveRequest.Holder) {
        state.withLock { state in
            for message in batch {
                let now = Seen(
                    generation: message.receipt.generation, count: message.receiveCount, byClient: holder == .client)
                if let before = state.seen[message.id] {
                    let (older, newer) = before.generation < now.generation ? (before, now) : (now, before)
                    let isRising = older.byClient ? newer.count > older.count : newer.count >= older.count
                    if older.generation == newer.generation {
                        state.problems.append("\(message.id) was received twice with generation \(now.generation)")
                    } else if !isRising {
                        state.problems.append("\(message.id) was received \(older.count) and then \(newer.count) times")
                    }
                    state.seen[message.id] = newer
                } else {
                    state.seen[message.id] = now
                }
            }
        }
    }

    func report(_ problem: String) { state.withLock { $0.problems.append(problem) } }

    /// Compares with what is stored, and goes on from there.
    /// - Returns: what cannot be.
    func verify(_ stored: [(record: String, queue: String)], _ letters: [DeadLetter]) -> [String] {
        for letter in letters { noteBurial(of: letter) }
        return state.withLock { state in
            defer { state.problems = [] }
            var actual: [String: [String: Int]] = [:]
            for (record, queue) in stored { actual[record, default: [:]][queue, default: 0] += 1 }
            var found = state.problems
            for (record, track) in state.tracks {
                let places = actual.removeValue(forKey: record) ?? ["": 1]
                let possible = track.doubts.reduce(into: Set([track.places])) { sets, move in
                    sets.formUnion(sets.map { $0.applying(move) })
                }
                if !possible.contains(places) {
                    found.append("record \(record) is in \(places); possible: \(possible)")
                }
                state.tracks[record]?.places = places
                state.tracks[record]?.doubts = []
            }
            found += actual.keys.map { "record \($0) was never sent" }
            return found
        }
    }
}

extension [String: Int] {
    fileprivate mutating func apply(_ move: RecordModel.Move) {
        self[move.from, default: 0] -= 1
        self[move.to, default: 0] += 1
        if self[move.from] == 0 { self[move.from] = nil }
        if self[move.to] == 0 { self[move.to] = nil }
    }

    fileprivate func applying(_ move: RecordModel.Move) -> [String: Int] {
        var copy = self
        copy.apply(move)
        return copy
    }
}

extension DeadLetter {
    var text: String { String(decoding: body, as: UTF8.self) }
    /// By the store itself, not by a disposition: too many receives by clients, or of a record that kills us.
    var isBuriedByStore: Bool { ["maxReceiveCount", "process-ended"].contains(history.latest?.type) }
}
