/// The queues of a run: one that the clients play with, and its dead-letter queue.
struct ModelQueues: Sendable {
    let isFIFO: Bool

    var work: String { isFIFO ? "work.fifo" : "work" }
    var dead: String { isFIFO ? "dead.fifo" : "dead" }
    var all: [String] { [work, dead] }

    static func arn(of queue: String) -> String { "arn:aws:sqs:us-east-1:000000000000:\(queue)" }
}

/// The attributes of a queue that the model knows.
struct ModelAttributes: Sendable, Hashable {
    struct FIFO: Sendable, Hashable {
        var contentBasedDeduplication = false
        var isScopeMessageGroup = false
    }

    struct Redrive: Sendable, Hashable {
        let target: String
        let maxReceiveCount: Int

        var policy: String {
            #"{"deadLetterTargetArn":"\#(ModelQueues.arn(of: target))","maxReceiveCount":"\#(maxReceiveCount)"}"#
        }
    }

    enum Change: Sendable {
        case visibilityTimeout(Int)
        case delay(Int)
        case retention(Int)
        /// `nil` takes the RedrivePolicy away.
        case redrive(Redrive?)
    }

    /// In seconds, as all of them.
    var visibilityTimeout = 30
    var delay = 0
    var retention = 345_600
    var redrive: Redrive?
    /// `nil` = it is a standard queue.
    var fifo: FIFO?

    mutating func take(_ change: Change) {
        switch change {
        case .visibilityTimeout(let seconds): visibilityTimeout = seconds
        case .delay(let seconds): delay = seconds
        case .retention(let seconds): retention = seconds
        case .redrive(let redrive): self.redrive = redrive
        }
    }

    /// As CreateQueue is told them, and GetQueueAttributes answers them.
    var texts: [String: String] {
        var texts = [
            "VisibilityTimeout": "\(visibilityTimeout)", "DelaySeconds": "\(delay)",
            "MessageRetentionPeriod": "\(retention)",
        ]
        texts["RedrivePolicy"] = redrive?.policy
        if let fifo {
            texts["FifoQueue"] = "true"
            texts["ContentBasedDeduplication"] = "\(fifo.contentBasedDeduplication)"
            texts["DeduplicationScope"] = fifo.isScopeMessageGroup ? "messageGroup" : "queue"
        }
        return texts
    }
}

extension ModelAttributes.Change {
    /// As SetQueueAttributes is told it.
    var text: (name: String, value: String) {
        switch self {
        case .visibilityTimeout(let seconds): ("VisibilityTimeout", "\(seconds)")
        case .delay(let seconds): ("DelaySeconds", "\(seconds)")
        case .retention(let seconds): ("MessageRetentionPeriod", "\(seconds)")
        case .redrive(let redrive): ("RedrivePolicy", redrive?.policy ?? "")
        }
    }
}
