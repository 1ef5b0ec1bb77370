import Crypto
import Foundation
import Sluice
import Synchronization

/// What every task may know of the queues without asking the writer.
final class QueueCatalogue: Sendable {
    struct Entry: Sendable {
        let id: Int64
        let name: String
        let type: QueueType?
        let gauge: QueueGauge
        let intake: IntakeReader?
        /// A dead-letter queue takes what dies on arrival.
        let hasDeadLetterQueue: Bool
        /// Changes when the definition does: what was prepared under another is prepared again.
        let record: QueueRecord
        /// What clients see of it.
        let attributes: QueueAttributes
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// The queue is not there any more.
    func remove(_ id: Int64) {
        entries.withLock { entries in
            for (name, entry) in entries where entry.id == id { entries[name] = nil }
        }
    }

    /// The queue of exactly this name.
    func entry(named name: String) -> Entry? { entries.withLock { $0[name] } }

    /// The names of all that begin so, in order.
    func names(prefix: String) -> [String] {
        entries.withLock { entries in
            entries.values.filter { $0.name.utf8.starts(with: prefix.utf8) && $0.record.isRetired != true }
                .map(\.name).sorted()
        }
    }

    func publish(_ queue: QueueState) {
        let intake = queue.record.intake
        let entry = Entry(
            id: queue.id, name: queue.name, type: queue.record.type, gauge: queue.gauge,
            intake: intake.map(IntakeReader.init(record:)),
            hasDeadLetterQueue: queue.record.deadLetterQueue != nil, record: queue.record,
            attributes: queue.record.described)
        entries.withLock { entries in
            for (name, old) in entries where old.id == queue.id && name != queue.name { entries[name] = nil }
            entries[queue.name] = entry
        }
    }

    /// The queue of this name, with or without `.fifo`.
    func find(_ name: String) -> Entry? {
        entries.withLock { $0[name] ?? $0[QueueType.fifo.fullName(name)] ?? $0[QueueNames.bare(name)] }
    }
}
