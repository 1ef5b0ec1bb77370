/// What travels with a record from intake to sink, beside its bytes: read once from the raw record, where
/// the definition says `id`, `group` and `subject`, and copied to every output.
public struct Lineage: Hashable, Sendable {
    public var identity: RecordIdentity
    /// The user's own name for the record (`id:`); may repeat.
    public var name: String?
    /// The message group: order in a FIFO queue, fairness in a standard one.
    public var group: String?
    /// Keyed hashes of the persons the record is about. The values themselves are stored nowhere.
    public var subjects: [SubjectHash]
    /// When the raw record arrived.
    public var received: Timestamp

    public init(
        identity: RecordIdentity, name: String? = nil, group: String? = nil, subjects: [SubjectHash] = [],
        received: Timestamp
    ) {
        self.identity = identity
        self.name = name
        self.group = group
        self.subjects = subjects
        self.received = received
    }

    public func output(_ index: Int) -> Lineage {
        var copy = self
        copy.identity = identity.output(index)
        return copy
    }
}
