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
    }

    private let entries = Mutex<[String: Entry]>([:])

    func publish(_ queue: QueueState) {
        let intake = queue.record.intake
        let entry = Entry(
            id: queue.id, name: queue.name, type: queue.record.type, gauge: queue.gauge,
            intake: intake.map(IntakeReader.init(record:)),
            hasDeadLetterQueue: queue.record.deadLetterQueue != nil, record: queue.record)
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
