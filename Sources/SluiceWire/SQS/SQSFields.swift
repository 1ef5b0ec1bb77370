/// What the parameters and fields of SQS are called (service model 2012-11-05). Of a list or a map the Query protocol
/// numbers the members: `AttributeName.1`.
package enum SQSFields {
    package static let queueUrl = ParameterName("QueueUrl")
    package static let queueUrls = ParameterName("QueueUrls", query: "QueueUrl")
    /// As the model spells it.
    package static let sourceQueueUrls = ParameterName("queueUrls", query: "QueueUrl")
    package static let queueName = ParameterName("QueueName")
    package static let queueNamePrefix = ParameterName("QueueNamePrefix")
    package static let ownerAccount = ParameterName("QueueOwnerAWSAccountId")
    package static let attributes = ParameterName("Attributes", query: "Attribute")
    package static let attributeNames = ParameterName("AttributeNames", query: "AttributeName")
    package static let maxResults = ParameterName("MaxResults")
    package static let nextToken = ParameterName("NextToken")

    package static let tags = ParameterName("Tags", query: "Tag")
    /// Of CreateQueue, as the model spells it.
    package static let creationTags = ParameterName("tags", query: "Tag")
    package static let tagKeys = ParameterName("TagKeys", query: "TagKey")

    package static let label = ParameterName("Label")
    package static let accountIDs = ParameterName("AWSAccountIds", query: "AWSAccountId")
    package static let actions = ParameterName("Actions", query: "ActionName")

    package static let messageBody = ParameterName("MessageBody")
    package static let delaySeconds = ParameterName("DelaySeconds")
    package static let messageAttributes = ParameterName("MessageAttributes", query: "MessageAttribute")
    package static let messageSystemAttributes = ParameterName(
        "MessageSystemAttributes", query: "MessageSystemAttribute")
    package static let deduplicationID = ParameterName("MessageDeduplicationId")
    package static let groupID = ParameterName("MessageGroupId")
    package static let dataType = ParameterName("DataType")
    package static let stringValue = ParameterName("StringValue")
    package static let binaryValue = ParameterName("BinaryValue")

    package static let messageID = ParameterName("MessageId")
    package static let bodyDigest = ParameterName("MD5OfMessageBody")
    package static let attributesDigest = ParameterName("MD5OfMessageAttributes")
    package static let systemAttributesDigest = ParameterName("MD5OfMessageSystemAttributes")
    package static let sequenceNumber = ParameterName("SequenceNumber")

    package static let maxNumberOfMessages = ParameterName("MaxNumberOfMessages")
    package static let visibilityTimeout = ParameterName("VisibilityTimeout")
    package static let waitTimeSeconds = ParameterName("WaitTimeSeconds")
    package static let attemptID = ParameterName("ReceiveRequestAttemptId")
    package static let messageAttributeNames = ParameterName("MessageAttributeNames", query: "MessageAttributeName")
    package static let systemAttributeNames = ParameterName(
        "MessageSystemAttributeNames", query: "MessageSystemAttributeName")
    package static let messages = ParameterName("Messages", query: "Message")
    package static let body = ParameterName("Body")
    package static let receivedBodyDigest = ParameterName("MD5OfBody")
    package static let receiptHandle = ParameterName("ReceiptHandle")

    package static let entryID = ParameterName("Id")
    package static let code = ParameterName("Code")
    package static let message = ParameterName("Message")
    package static let senderFault = ParameterName("SenderFault")
    package static let failed = ParameterName("Failed", query: "BatchResultErrorEntry")

    /// The entries of a batch: `SendMessageBatch` → `SendMessageBatchRequestEntry.1`.
    package static func entries(of action: String) -> ParameterName {
        ParameterName("Entries", query: "\(action)RequestEntry")
    }

    package static func successful(of action: String) -> ParameterName {
        ParameterName("Successful", query: "\(action)ResultEntry")
    }

    package static let sourceArn = ParameterName("SourceArn")
    package static let destinationArn = ParameterName("DestinationArn")
    package static let messagesPerSecond = ParameterName("MaxNumberOfMessagesPerSecond")
    package static let taskHandle = ParameterName("TaskHandle")
    package static let results = ParameterName("Results", query: "ListMessageMoveTasksResultEntry")
    package static let status = ParameterName("Status")
    package static let moved = ParameterName("ApproximateNumberOfMessagesMoved")
    package static let toMove = ParameterName("ApproximateNumberOfMessagesToMove")
    package static let failureReason = ParameterName("FailureReason")
    package static let started = ParameterName("StartedTimestamp")
}
