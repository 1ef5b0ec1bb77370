/// One disposition for every message a step was given. Nothing else deletes, sends or releases.
public struct Settlement: Sendable {
    public struct Entry: Sendable, Hashable {
        public var receipt: ReceiptHandle
        public var disposition: Disposition

        public init(_ receipt: ReceiptHandle, _ disposition: Disposition) {
            self.receipt = receipt
            self.disposition = disposition
        }
    }

    /// The queue the messages were received from, by its full name.
    public let queue: String
    /// Whose work it was, for the ledger: `orders/transform`, `orders/shop`.
    public let step: StepName
    public private(set) var entries: [Entry]

    /// - Parameter ordered: true for a FIFO queue: nothing overtakes within a group. Behind the first message
    ///   of a group that is retried or released, the later ones of that group are released, and what the
    ///   step made of them is thrown away.
    public init(
        queue: String, step: StepName, of batch: [ReceivedMessage], dispositions: [Disposition], ordered: Bool
    ) {
        precondition(batch.count == dispositions.count, "a step answers once for every message it was given")
        self.queue = queue
        self.step = step
        entries = zip(batch, dispositions).map { Entry($0.receipt, $1) }
        if ordered { holdGroups(of: batch) }
    }

    private mutating func holdGroups(of batch: [ReceivedMessage]) {
        var held: Set<String> = []
        for (index, message) in batch.enumerated() {
            guard let group = message.lineage.group else { continue }
            if held.contains(group) {
                entries[index].disposition = .release()
            } else if entries[index].disposition.returnsMessage {
                held.insert(group)
            }
        }
    }
}

extension Disposition {
    /// What the record failed with; `nil` = it did not fail.
    package var failure: Failure? {
        switch self {
        case .retry(_, let failure), .dead(let failure): failure
        case .passed, .split, .filtered, .unconfirmed, .delivered, .release: nil
        }
    }

    /// Whether the message stays in its queue, so that those behind it in a group must wait.
    var returnsMessage: Bool {
        switch self {
        case .retry, .release: true
        case .split(let part): part.next != nil
        case .passed, .filtered, .unconfirmed, .delivered, .dead: false
        }
    }
}

/// A step of a pipeline, as commands and the ledger name it.
public struct StepName: Hashable, Sendable, Codable, CustomStringConvertible {
    public let pipeline: String
    /// `split`, `transform`, or the name of the delivery.
    public let step: String

    /// The steps that are called alike in every pipeline; no delivery has their names.
    package static let split = "split"
    package static let transform = "transform"

    public init(pipeline: String, step: String) {
        self.pipeline = pipeline
        self.step = step
    }

    public var description: String { "\(pipeline)/\(step)" }

    public var kind: StepKind { StepKind(step) }
}

/// What a step does.
public enum StepKind: Sendable, Hashable {
    /// Turns objects into records.
    case split
    /// Calls the function.
    case transform
    /// Writes to a sink.
    case delivery

    /// - Parameter step: its name in its pipeline.
    public init(_ step: String) {
        switch step {
        case StepName.split: self = .split
        case StepName.transform: self = .transform
        default: self = .delivery
        }
    }
}
