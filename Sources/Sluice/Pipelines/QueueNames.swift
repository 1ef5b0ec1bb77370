/// The names of a pipeline's queues, in one place.
extension Pipeline {
    /// The queue that holds what was received: the source's own.
    public var intakeQueue: String {
        switch source.kind {
        case .queue(let name): queue.type.fullName(name)
        }
    }

    /// The queue between transform and delivery.
    public var deliveryQueue: String { queue.type.fullName("\(name)-\(deliver.effectiveName)") }

    public var transformStep: StepName { StepName(pipeline: name, step: "transform") }
    public var deliveryStep: StepName { StepName(pipeline: name, step: deliver.effectiveName) }

    /// The queues that records wait in, from intake on; dead-letter queues are not among them.
    public var workQueues: [String] { [intakeQueue, deliveryQueue] }

    public var deadLetterQueues: [String] { workQueues.map(QueueNames.deadLetterQueue) }

    /// The settings of the intake queue.
    public var intakeSettings: QueueSettings { queue.settings }

    /// The settings of the queue between transform and delivery: the pipeline's, with what `deliver.queue`
    /// has otherwise.
    public var deliverySettings: QueueSettings { deliver.queue?.applied(to: queue.settings) ?? queue.settings }

    /// The settings of the dead-letter queues: they hold back nobody, and keep for `dead_letters.keep`.
    public var deadLetterSettings: QueueSettings {
        QueueSettings(retention: deadLetters.keep, capacity: .max)
    }
}

public enum QueueNames {
    /// `orders-in` → `orders-in-dlq`, `orders-in.fifo` → `orders-in-dlq.fifo`.
    public static func deadLetterQueue(of queue: String) -> String {
        queue.hasSuffix(fifoSuffix) ? "\(queue.dropLast(fifoSuffix.count))-dlq\(fifoSuffix)" : "\(queue)-dlq"
    }

    /// Commands accept a FIFO queue's name without its suffix.
    public static func bare(_ queue: String) -> String {
        queue.hasSuffix(fifoSuffix) ? String(queue.dropLast(fifoSuffix.count)) : queue
    }

    static let fifoSuffix = ".fifo"
}

extension QueueType {
    public func fullName(_ name: String) -> String {
        self == .fifo && !name.hasSuffix(QueueNames.fifoSuffix) ? name + QueueNames.fifoSuffix : name
    }
}
