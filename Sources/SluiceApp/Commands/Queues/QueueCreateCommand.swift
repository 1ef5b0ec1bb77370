import ArgumentParser
import Foundation
import Sluice

struct QueueCreateCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a queue for clients; one that is there stays as it is.")

    @Argument(help: "Its name: 1 to 80 letters, digits, - and _; a FIFO queue's ends in .fifo.")
    var queue: String

    @Flag(help: "A FIFO queue; .fifo is added to the name where it is missing.")
    var fifo = false

    @Flag(help: "A message without a deduplication id has the hash of its body as one (FIFO).")
    var contentBasedDeduplication = false

    @Option(help: "How long a received message is hidden, 0s to 12h; 30s.")
    var visibilityTimeout: TimeSpan?

    @Option(help: "How long a message is kept, 1m to 14d; 4d.")
    var retention: TimeSpan?

    @Option(help: "How long a new message is delayed, 0s to 15m; 0s.")
    var delay: TimeSpan?

    @Option(help: "The queue for what was received too often.", completion: NameCompletion.queues)
    var deadLetters: String?

    @Option(help: "How often that is, 1 to 1000; 5.")
    var maxReceiveCount = 5

    @OptionGroup var common: CommonOptions

    private struct Document: Encodable {
        var queue: String
        var created: Bool
    }

    mutating func validate() throws {
        let ranges: [(String, TimeSpan?, ClosedRange<Duration>)] = [
            ("--visibility-timeout", visibilityTimeout, Limits.visibilityTimeout.now),
            ("--retention", retention, Limits.retention.now), ("--delay", delay, Limits.delay.now),
        ]
        for (name, value, range) in ranges {
            guard let value, !range.contains(value.duration) else { continue }
            throw ValidationError(
                "\(name) is \(TimeText.compact(range.lowerBound)) to \(TimeText.compact(range.upperBound)).")
        }
        guard Limits.maxReceiveCount.now.contains(maxReceiveCount) else {
            throw ValidationError("--max-receive-count is 1 to 1000.")
        }
        if contentBasedDeduplication, !isFIFO { throw ValidationError("--content-based-deduplication needs --fifo.") }
    }

    private var isFIFO: Bool { fifo || queue != QueueNames.bare(queue) }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let name = isFIFO ? QueueType.fifo.fullName(queue) : queue
        let attributes = attributes(at: .wall)
        let dead = attributes.redrive?.target
        let isNew = try await context.withControl(mayCreate: true) { control in
            // A dead-letter queue that is not there would let messages go round for ever.
            if let dead { _ = try await control.queues(named: dead) }
            return try await control.createQueue(name, attributes)
        }
        if context.json {
            context.print(document: Document(queue: name, created: isNew))
        } else {
            context.print([isNew ? "created \(name)" : "\(name) is there, and stays as it is"])
        }
    }

    private func attributes(at now: Timestamp) -> QueueAttributes {
        var attributes = QueueAttributes(created: now, fifo: isFIFO ? QueueAttributes.FIFO() : nil)
        attributes.fifo?.contentBasedDeduplication = contentBasedDeduplication
        if let visibilityTimeout { attributes.visibilityTimeout = visibilityTimeout.duration }
        if let retention { attributes.retention = retention.duration }
        if let delay { attributes.delay = delay.duration }
        attributes.redrive = deadLetters.map {
            QueueAttributes.Redrive(
                target: isFIFO ? QueueType.fifo.fullName($0) : $0, maxReceiveCount: maxReceiveCount, text: nil)
        }
        return attributes
    }
}
