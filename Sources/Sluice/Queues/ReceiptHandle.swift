/// The right to delete, extend or settle one receive of one message. Each receive makes a new one, and
/// the latest is the valid one: whoever comes late with an older handle changes nothing.
public struct ReceiptHandle: Hashable, Sendable {
    public let message: MessageID
    /// Counts the receives of the message, from 1; survives a restart.
    public let generation: UInt32
    /// Where the engine that made the receipt keeps the message, so that it needs no index of ids.
    package let place: Place?
    /// The handle as another service wrote it; `nil` in the embedded engine.
    public let opaque: String?

    /// A message's chunk and its place there; both are never used again for another message.
    package struct Place: Hashable, Sendable {
        package let chunk: Int64
        package let index: Int32

        package init(chunk: Int64, index: Int32) {
            self.chunk = chunk
            self.index = index
        }
    }

    public init(message: MessageID, generation: UInt32, opaque: String? = nil) {
        self.message = message
        self.generation = generation
        self.place = nil
        self.opaque = opaque
    }

    package init(message: MessageID, generation: UInt32, place: Place) {
        self.message = message
        self.generation = generation
        self.place = place
        self.opaque = nil
    }
}
