/// What SQS does otherwise than the engine's own queues, by the name of the check: the reason.
enum SQSWaivers {
    static let all: [String: String] = [
        "a full queue refuses the batch whole, and takes it when there is room": "SQS has no capacity",
        "waiting for room ends when its task is cancelled": "SQS has no capacity",
        "a message is deleted once": "SQS answers the second deletion as the first",
        "a stale receipt cannot delete a redelivered message":
            "SQS says nothing of a stale receipt of a standard queue, and lets it change the visibility",
        "a second message of one deduplication id is dropped for five minutes, a restart in between":
            "SQS does not say that a message is a duplicate; that it is dropped is in the tests with clients of others",
        "two of one deduplication id in one batch are one": "SQS does not say that a message is a duplicate",
        "a message without a group goes to the dead-letter queue and says why": "SQS refuses it",
    ]
}
