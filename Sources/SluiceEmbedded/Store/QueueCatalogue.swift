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

    private struct Content {
        var entries: [String: Entry] = [:]
        /// What each queue was called when it was published last.
        var names: [Int64: String] = [:]

        mutating func remove(_ id: Int64) {
            guard let name = names.removeValue(forKey: id), entries[name]?.id == id else { return }
            entries[name] = nil
        }
    }

    private let content = Mutex(Content())

    /// The queue is not there any more.
    func remove(_ id: Int64) { content.withLock { $0.remove(id) } }

    /// The queue of exactly this name.
    func entry(named name: String) -> Entry? { content.withLock { $0.entries[name] } }

    /// The names of all that begin so, in order.
    func names(prefix: String) -> [String] {
        content.withLock { content in
            content.entries.values.filter { $0.name.utf8.starts(with: prefix.utf8) && $0.record.isRetired != true }
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
        content.withLock { content in
            content.remove(queue.id)
            content.entries[queue.name] = entry
            content.names[queue.id] = queue.name
        }
    }

    /// The queue of this name, with or without `.fifo`.
    func find(_ name: String) -> Entry? {
        content.withLock { content in
            content.entries[name] ?? content.entries[QueueType.fifo.fullName(name)]
                ?? content.entries[QueueNames.bare(name)]
        }
    }
}
