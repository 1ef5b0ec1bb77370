/// What a function made of one record.
public enum Outcome<Output: Sendable>: Sendable {
    /// The outputs, in order; none = the record was filtered on purpose.
    case outputs([Output])
    /// Not now: tried again after the backoff, until the receives are used up.
    case retry(String)
    /// Never: to the dead-letter queue at once, with this reason.
    case reject(String)

    /// Left out on purpose; counts as done.
    public static var filtered: Outcome { .outputs([]) }
}

extension Outcome: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Output...) { self = .outputs(elements) }
}
