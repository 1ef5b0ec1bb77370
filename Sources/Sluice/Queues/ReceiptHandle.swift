/// The right to delete, extend or settle one receive of one message. Each receive makes a new one, and
/// the latest is the valid one: whoever comes late with an older handle changes nothing.
public struct ReceiptHandle: Hashable, Sendable {
    public let message: MessageID
    /// Counts the receives of the message, from 1; survives a restart.
    public let generation: UInt32
    /// The handle as another service wrote it; `nil` in the embedded engine, which needs only the two above.
    public let opaque: String?

    public init(message: MessageID, generation: UInt32, opaque: String? = nil) {
        self.message = message
        self.generation = generation
        self.opaque = opaque
    }
}
