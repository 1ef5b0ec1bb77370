/// One record as a function is given it, undecoded.
public struct RawRecord: Sendable, Hashable {
    public let body: Bytes
    /// What makes it this record and no other; the same at every try.
    public let identity: RecordIdentity
    /// The user's own name for it (`id:` of the definition), or the identity.
    public var name: String { givenName ?? identity.text }
    let givenName: String?
    /// The message group, where there is one.
    public let group: String?
    /// When the raw record arrived.
    public let received: Timestamp
    /// How often it was received, this time included. Starts at 1.
    public let receiveCount: Int

    public init(
        body: Bytes, identity: RecordIdentity, name: String? = nil, group: String? = nil, received: Timestamp,
        receiveCount: Int = 1
    ) {
        self.body = body
        self.identity = identity
        givenName = name
        self.group = group
        self.received = received
        self.receiveCount = receiveCount
    }

    init(_ message: ReceivedMessage) {
        self.init(
            body: message.body, identity: message.lineage.identity, name: message.lineage.name,
            group: message.lineage.group, received: message.lineage.received, receiveCount: message.receiveCount)
    }
}
