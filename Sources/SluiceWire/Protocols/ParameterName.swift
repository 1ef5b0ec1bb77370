/// What one parameter, or one field of an answer, is called in each of AWS's protocols.
package struct ParameterName: Sendable {
    package let json: String
    /// In the Query protocol: of a list or a map what its numbered members are called.
    package let query: String

    package init(_ json: String, query: String? = nil) {
        self.json = json
        self.query = query ?? json
    }
}

/// How AWS's services are spoken to: the two that SQS has.
package enum WireProtocol: Sendable, Hashable {
    /// A JSON body, and the action in the `X-Amz-Target` header.
    case json
    /// A form, and answers in XML.
    case query
}
