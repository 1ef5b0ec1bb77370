import Sluice

/// An error as a client of AWS sees it.
package struct WireError: Error, Sendable, Hashable {
    /// Its shape in the service's model: `QueueDoesNotExist`.
    package var shape: String
    /// What the Query protocol calls it, and SDKs that once spoke it: `AWS.SimpleQueueService.NonExistentQueue`.
    package var code: String
    package var message: String
    /// Where the Query protocol has another sentence.
    package var queryMessage: String?
    package var status: Int
    /// Whether asking again will not help.
    package var isSendersFault: Bool
    /// Of the shape.
    package var namespace: String

    package init(
        shape: String, code: String, _ message: String, queryMessage: String? = nil, status: Int = 400,
        isSendersFault: Bool = true, namespace: String
    ) {
        self.shape = shape
        self.code = code
        self.message = message
        self.queryMessage = queryMessage
        self.status = status
        self.isSendersFault = isSendersFault
        self.namespace = namespace
    }

    package var fault: String { isSendersFault ? "Sender" : "Receiver" }

    /// The body of the answer.
    package func body(_ wire: WireProtocol, requestID: String, xmlNamespace: String) -> [UInt8] {
        var bytes: [UInt8] = []
        switch wire {
        case .json:
            bytes += Array(#"{"__type":"#.utf8)
            bytes.appendJSON("\(namespace)#\(shape)")
            bytes += Array(#","message":"#.utf8)
            bytes.appendJSON(message)
            bytes.append(UInt8(ascii: "}"))
        case .query:
            bytes += Array(#"<?xml version="1.0"?><ErrorResponse xmlns="\#(xmlNamespace)"><Error>"#.utf8)
            bytes += Array("<Type>\(fault)</Type><Code>".utf8)
            bytes.appendXML(code)
            bytes += Array("</Code><Message>".utf8)
            bytes.appendXML(queryMessage ?? message)
            bytes += Array("</Message><Detail/></Error><RequestId>\(requestID)</RequestId></ErrorResponse>".utf8)
        }
        return bytes
    }
}
