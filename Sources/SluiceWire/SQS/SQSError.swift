import Sluice

/// The errors of SQS, each with its names in both protocols: the one place that knows them.
package enum SQSError {
    package static let xmlNamespace = "http://queue.amazonaws.com/doc/2012-11-05/"
    private static let model = "com.amazonaws.sqs"
    /// What does not come from the service itself but from the frame around it.
    private static let frame = "com.amazon.coral.service"

    private static func prefixed(_ shape: String, _ message: String, status: Int = 400) -> WireError {
        WireError(shape: shape, code: "AWS.SimpleQueueService.\(shape)", message, status: status, namespace: model)
    }

    private static func plain(_ shape: String, _ message: String, status: Int = 400) -> WireError {
        WireError(shape: shape, code: shape, message, status: status, namespace: model)
    }

    // MARK: Queues

    package static let queueDoesNotExist = WireError(
        shape: "QueueDoesNotExist", code: "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
        queryMessage: "The specified queue does not exist for this wsdl version.", namespace: model)

    package static func queueNameExists(different attribute: String) -> WireError {
        WireError(
            shape: "QueueNameExists", code: "QueueAlreadyExists",
            "A queue already exists with the same name and a different value for attribute \(attribute)",
            namespace: model)
    }

    package static let queueDeletedRecently = prefixed(
        "QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.")

    package static func purgeInProgress(_ queue: String) -> WireError {
        prefixed(
            "PurgeQueueInProgress", "Only one PurgeQueue operation on \(queue) is allowed every 60 seconds.",
            status: 403)
    }

    package static func invalidAttributeName(_ message: String) -> WireError { plain("InvalidAttributeName", message) }

    package static func unknownAttribute(_ name: String) -> WireError {
        invalidAttributeName("Unknown Attribute \(name).")
    }

    package static func invalidAttributeValue(_ name: String, reason: String? = nil) -> WireError {
        let more = reason.map { " Reason: \($0)" } ?? ""
        return plain("InvalidAttributeValue", "Invalid value for the parameter \(name).\(more)")
    }

    package static func resourceNotFound(_ message: String) -> WireError {
        plain("ResourceNotFoundException", message, status: 404)
    }

    package static func unsupported(_ message: String) -> WireError { prefixed("UnsupportedOperation", message) }

    package static func overLimit(_ message: String) -> WireError { plain("OverLimit", message, status: 403) }

    // MARK: Messages

    package static func invalidMessageContents(_ message: String) -> WireError {
        plain("InvalidMessageContents", message)
    }

    package static func receiptHandleIsInvalid(_ handle: String) -> WireError {
        plain("ReceiptHandleIsInvalid", "The input receipt handle \"\(handle)\" is not a valid receipt handle.")
    }

    // MARK: Batches

    package static func emptyBatch(_ entry: String) -> WireError {
        prefixed("EmptyBatchRequest", "There should be at least one \(entry) in the request.")
    }

    package static func tooManyEntries(_ count: Int, most: Int) -> WireError {
        prefixed(
            "TooManyEntriesInBatchRequest", "Maximum number of entries per request are \(most). You have sent \(count)."
        )
    }

    package static let invalidBatchEntryID = prefixed(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 "
            + "letters long.")

    package static func entryIDsNotDistinct(_ id: String) -> WireError {
        prefixed("BatchEntryIdsNotDistinct", "Id \(id) repeated.")
    }

    package static func batchTooLong(_ bytes: Int, most: Int) -> WireError {
        prefixed(
            "BatchRequestTooLong", "Batch requests cannot be longer than \(most) bytes. You have sent \(bytes) bytes.")
    }

    // MARK: Parameters

    package static func invalidParameter(_ message: String) -> WireError {
        WireError(
            shape: "InvalidParameterValueException", code: "InvalidParameterValue", message, namespace: frame)
    }

    package static func invalidValue(_ value: String, of parameter: String, _ reason: String) -> WireError {
        invalidParameter("Value \(value) for parameter \(parameter) is invalid. Reason: \(reason)")
    }

    package static func missingParameter(_ name: String) -> WireError {
        WireError(
            shape: "MissingRequiredParameterException", code: "MissingParameter",
            "The request must contain the parameter \(name).", namespace: frame)
    }

    package static func unreadable(_ fault: ParameterFault) -> WireError {
        WireError(
            shape: "SerializationException", code: "MalformedInput", fault.message, namespace: frame)
    }

    package static func invalidAction(_ action: String) -> WireError {
        WireError(
            shape: "UnknownOperationException", code: "InvalidAction",
            "The action \(action) is not valid for this endpoint.", namespace: frame)
    }

    package static let missingAction = WireError(
        shape: "UnknownOperationException", code: "MissingAction", "The request must contain the parameter Action.",
        namespace: frame)

    // MARK: Who asks

    package static let missingSignature = WireError(
        shape: "MissingAuthenticationTokenException", code: "MissingAuthenticationToken",
        "Missing Authentication Token", status: 403, namespace: frame)

    package static func incompleteSignature(_ message: String) -> WireError {
        WireError(
            shape: "IncompleteSignatureException", code: "IncompleteSignature", message, status: 400, namespace: frame)
    }

    package static let unknownCredentials = WireError(
        shape: "UnrecognizedClientException", code: "InvalidClientTokenId",
        "The security token included in the request is invalid.", status: 403, namespace: frame)

    package static func wrongSignature(_ message: String? = nil) -> WireError {
        WireError(
            shape: "InvalidSignatureException", code: "SignatureDoesNotMatch",
            message
                ?? "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                + "Access Key and signing method. Consult the service documentation for details.",
            status: 403, namespace: frame)
    }

    package static func accessDenied(_ message: String) -> WireError {
        WireError(
            shape: "AccessDeniedException", code: "AccessDenied", message, status: 403, namespace: frame)
    }

    // MARK: The server's

    package static func unavailable(_ message: String) -> WireError {
        WireError(
            shape: "ServiceUnavailableException", code: "ServiceUnavailable", message, status: 503,
            isSendersFault: false, namespace: frame)
    }

    package static func throttled(_ message: String) -> WireError {
        WireError(
            shape: "RequestThrottled", code: "RequestThrottled", message, status: 403, namespace: model)
    }

    package static func internalFailure(_ message: String) -> WireError {
        WireError(
            shape: "InternalFailure", code: "InternalFailure", message, status: 500, isSendersFault: false,
            namespace: frame)
    }

    package static func tooLarge(_ most: Int) -> WireError {
        WireError(
            shape: "RequestEntityTooLargeException", code: "RequestEntityTooLarge",
            "The request is longer than \(most) bytes.", status: 413, namespace: frame)
    }
}
