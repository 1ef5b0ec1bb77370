import Sluice
import Synchronization

/// What anybody may know of a queue without asking the writer: brought up to date after each commit.
final class QueueGauge: Sendable {
    private let messages = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)
    private let mostMessages = Atomic<Int>(.max)
    private let mostBytes = Atomic<Int>(.max)

    var isFull: Bool {
        messages.load(ordering: .relaxed) >= mostMessages.load(ordering: .relaxed)
            || bytes.load(ordering: .relaxed) >= mostBytes.load(ordering: .relaxed)
    }

    func set(messages: Int, bytes: Int) {
        self.messages.store(messages, ordering: .relaxed)
        self.bytes.store(bytes, ordering: .relaxed)
    }

    func setLimits(_ settings: QueueSettings) {
        mostMessages.store(settings.capacity, ordering: .relaxed)
        mostBytes.store(settings.maxBytes ?? .max, ordering: .relaxed)
    }
}
