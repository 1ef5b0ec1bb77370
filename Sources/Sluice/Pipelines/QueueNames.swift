/// The names of a pipeline's queues and steps, in one place.
extension Pipeline {
    /// The queue that holds what was received: the source's own, or the one that others put records into.
    public var intakeQueue: String { queue.type.fullName(source.queue ?? "\(name)-in") }

    /// Where the objects of a bucket are announced; `nil` = the source is none.
    public var objectsQueue: String? {
        source.bucket == nil ? nil : queue.type.fullName("\(name)-\(source.effectiveName)-objects")
    }

    /// The queue between transform and delivery.
    public var deliveryQueue: String { queue.type.fullName("\(name)-\(deliver.effectiveName)") }

    /// Turns objects into records, where the source is a bucket.
    public var splitStep: StepName { StepName(pipeline: name, step: StepName.split) }
    public var transformStep: StepName { StepName(pipeline: name, step: StepName.transform) }
    public var deliveryStep: StepName { StepName(pipeline: name, step: deliver.effectiveName) }

    /// The steps, in the order in which a record passes them, with the queue that each receives from.
    public var stages: [(queue: String, step: StepName)] {
        (objectsQueue.map { [($0, splitStep)] } ?? [])
            + [(intakeQueue, transformStep), (deliveryQueue, deliveryStep)]
    }

    /// The queues that objects and records wait in; dead-letter queues are not among them.
    public var workQueues: [String] { stages.map(\.queue) }

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

    /// The full name of a queue of another region or account than the usual ones: no queue's own name has a slash.
    public static func qualified(_ queue: String, region: String, account: String) -> String {
        "\(region)/\(account)/\(queue)"
    }

    static let fifoSuffix = ".fifo"
}

extension QueueType {
    public func fullName(_ name: String) -> String {
        self == .fifo && !name.hasSuffix(QueueNames.fifoSuffix) ? name + QueueNames.fifoSuffix : name
    }
}
