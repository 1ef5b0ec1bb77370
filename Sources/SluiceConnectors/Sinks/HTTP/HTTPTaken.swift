import Sluice
import Synchronization

/// Records that the address has taken, of batches that it has not taken as a whole: they come again and are not sent
/// again. In memory only.
final class HTTPTaken: Sendable {
    private static let mostRemembered = 100_000
    private let identities = Mutex<Set<RecordIdentity>>([])

    /// The places of the records that have yet to be sent.
    func others(in batch: [SinkRecord]) -> [Int] {
        identities.withLock { known in
            known.isEmpty ? Array(batch.indices) : batch.indices.filter { !known.contains(batch[$0].identity) }
        }
    }

    func insert(_ records: [SinkRecord]) {
        identities.withLock { known in
            // Forgetting costs that some are sent once more, with the key they had.
            if known.count + records.count > Self.mostRemembered { known.removeAll() }
            for record in records { known.insert(record.identity) }
        }
    }

    func forget(_ records: [RecordIdentity]) {
        identities.withLock { known in
            if !known.isEmpty { for record in records { known.remove(record) } }
        }
    }
}
