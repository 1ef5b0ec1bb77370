/// Where in a record a value stands: an RFC 9535 JSONPath of one value (`$.customer.id`, `$['a b'][0]`).
///
/// `$` alone is the whole record. What could be several values (`*`, `..`, slices, filters, lists) is a mistake.
public struct RecordPath: Hashable, Sendable, ExpressibleByStringLiteral {
    /// As it was written.
    public let text: String

    public enum Selector: Hashable, Sendable {
        case name(String)
        /// Negative counts from the end.
        case index(Int)
    }

    public let selectors: [Selector]

    /// What is wrong with a path, and where (an offset in Unicode scalars from 0, as YAML counts its columns).
    public struct Mistake: Error, Hashable, Sendable {
        public let offset: Int
        /// What is wrong, what was expected, and what to write instead.
        public let message: String
    }

    public init(parsing text: String) throws(Mistake) {
        var parser = RecordPathParser(text)
        selectors = try parser.selectors()
        self.text = text
    }

    /// A path in source code. One that is wrong stops the program, with what is wrong.
    public init(stringLiteral text: String) {
        do { self = try RecordPath(parsing: text) } catch { preconditionFailure("\(text): \(error.message)") }
    }

    /// The value at this path; `nil` where there is none.
    ///
    /// A record that is not JSON from its first byte to its last has no paths at all: what a broken half means is
    /// anybody's guess. Of members with one name the last counts. To read several paths of one record use
    /// `IntakeReader`, which passes over it once.
    package func find(in record: Bytes) -> JSONValue? {
        let root: JSONValue
        do { root = try JSONValue(parsing: record) } catch { return nil }
        return Self.find(selectors[...], in: root)
    }

    static func find(_ selectors: ArraySlice<Selector>, in root: JSONValue) -> JSONValue? {
        var value = root
        for selector in selectors {
            let next =
                switch selector {
                case .name(let name): value.member(name)
                case .index(let index): value.element(index)
                }
            guard let next else { return nil }
            value = next
        }
        return value
    }
}
