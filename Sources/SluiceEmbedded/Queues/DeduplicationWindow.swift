import DequeModule
import Sluice

/// The deduplication ids of the last five minutes.
struct DeduplicationWindow {
    static let length: Duration = .seconds(300)

    /// The message that was stored under an id.
    struct First {
        var message: MessageID
        var sequence: SequenceNumber?
    }

    private var entries: [String: (first: First, expires: Timestamp)] = [:]
    private var expiry: Deque<(id: String, expires: Timestamp)> = []

    mutating func first(of id: String, at now: Timestamp) -> First? {
        prune(at: now)
        return entries[id]?.first
    }

    mutating func remember(_ id: String, _ first: First, until expires: Timestamp) {
        entries[id] = (first, expires)
        expiry.append((id, expires))
    }

    private mutating func prune(at now: Timestamp) {
        while let oldest = expiry.first, oldest.expires <= now {
            expiry.removeFirst()
            if let entry = entries[oldest.id], entry.expires <= now { entries[oldest.id] = nil }
        }
    }
}

/// The ids under which the messages of one chunk were stored, as they stand in a row of `deduplication`: the ids of a
/// commit are written together, behind all others. A row an id, in the order of ids, touched as many pages.
final class ChunkDeduplication {
    let queue: Int64
    let expires: Timestamp
    private var writer = ByteWriter(reserving: 256)

    init(queue: Int64, expires: Timestamp) {
        self.queue = queue
        self.expires = expires
    }

    var encoded: [UInt8] { writer.bytes }

    func add(_ id: String, _ first: DeduplicationWindow.First) {
        writer.string(id)
        writer.id(first.message)
        writer.word(first.sequence?.value ?? 0)
    }

    static func read(
        _ bytes: [UInt8], _ visit: (String, DeduplicationWindow.First) -> Void
    ) throws(StoreDamage) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            let (id, message, sequence) = (try reader.string(), try reader.id(), try reader.word())
            visit(id, .init(message: message, sequence: sequence == 0 ? nil : SequenceNumber(sequence)))
        }
    }
}
