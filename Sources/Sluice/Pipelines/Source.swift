/// Where records come from.
public struct Source: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// A queue of this name, created here: it *is* the pipeline's intake queue.
        case queue(String)
    }

    /// The source in ledger and cursor. `[a-z0-9-]{1,20}`; `nil` = named after its kind (`queue`).
    public var name: String?
    public var kind: Kind

    public init(name: String? = nil, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// - Parameter queue: `[A-Za-z0-9_-]`, up to 80 characters with `-dlq` and `.fifo`, which are added where they
    ///   are needed.
    public static func queue(_ queue: String, name: String? = nil) -> Source { Source(name: name, .queue(queue)) }

    public var effectiveName: String {
        switch kind {
        case .queue: name ?? "queue"
        }
    }
}
