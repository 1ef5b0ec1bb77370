import Sluice
import Synchronization

/// What anybody may know of a queue without asking the writer: brought up to date after each commit.
final class QueueGauge: Sendable {
    private let messages = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)
    private let mostMessages = Atomic<Int>(.max)
    private let mostBytes = Atomic<Int>(.max)
    private let archived = Atomic<Int>(0)
    private let mostArchived = Atomic<Int>(.max)

    /// How many more messages may wait; 0 also when the bytes that may wait, or be kept as raw copies, are used up.
    var room: Int {
        guard archived.load(ordering: .relaxed) < mostArchived.load(ordering: .relaxed) else { return 0 }
        guard bytes.load(ordering: .relaxed) < mostBytes.load(ordering: .relaxed) else { return 0 }
        return max(0, mostMessages.load(ordering: .relaxed) - messages.load(ordering: .relaxed))
    }

    /// The same while only the reserve is left on the disk: little enough that what waits between two steps never uses
    /// up what settling needs, and enough that records which are stored are still delivered.
    var roomOnFullDisk: Int {
        guard bytes.load(ordering: .relaxed) < Self.bytesOnFullDisk else { return 0 }
        return min(room, max(0, Self.messagesOnFullDisk - messages.load(ordering: .relaxed)))
    }

    static let messagesOnFullDisk = 1_000
    private static let bytesOnFullDisk = 2 << 20

    func isFull(onFullDisk: Bool) -> Bool { (onFullDisk ? roomOnFullDisk : room) == 0 }

    func set(messages: Int, bytes: Int, archived: Int) {
        self.archived.store(archived, ordering: .relaxed)
        self.messages.store(messages, ordering: .relaxed)
        self.bytes.store(bytes, ordering: .relaxed)
    }

    func setLimits(_ settings: QueueSettings, archived most: Int?) {
        mostArchived.store(most ?? .max, ordering: .relaxed)
        mostMessages.store(settings.capacity, ordering: .relaxed)
        mostBytes.store(settings.maxBytes ?? .max, ordering: .relaxed)
    }
}
