import SluiceWire

/// One action of SQS: what the service model calls it, and what it does.
struct SQSAction: Sendable {
    let name: String
    /// Whether the model has a result for it, if only an empty one.
    let hasResult: Bool
    let run: @Sendable (SQSCall, inout AnswerWriter) async throws -> Void

    init(
        _ name: String, hasResult: Bool = true,
        run: @escaping @Sendable (SQSCall, inout AnswerWriter) async throws -> Void
    ) {
        self.name = name
        self.hasResult = hasResult
        self.run = run
    }

    /// A queue's own URL does not do it.
    var isOfAccount: Bool { name == "CreateQueue" || name == "ListQueues" }

    /// All of the service model 2012-11-05.
    static let all: [String: SQSAction] = Dictionary(
        [
            addPermission, cancelMessageMoveTask, changeMessageVisibility, changeMessageVisibilityBatch, createQueue,
            deleteMessage, deleteMessageBatch, deleteQueue, getQueueAttributes, getQueueUrl, listDeadLetterSourceQueues,
            listMessageMoveTasks, listQueueTags, listQueues, purgeQueue, receiveMessage, removePermission, sendMessage,
            sendMessageBatch, setQueueAttributes, startMessageMoveTask, tagQueue, untagQueue,
        ].map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}
