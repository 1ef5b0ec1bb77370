/// What is known about a line beside its text, in the order in which it was said.
///
/// A list, not a dictionary: there are a few, made on the way of records and looked at seldom.
package struct LogFields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    package struct Field: Sendable, Hashable {
        package let name: String
        package let value: LogValue
    }

    package private(set) var all: [Field]

    package init(_ all: [Field] = []) { self.all = all }

    package init(dictionaryLiteral elements: (String, LogValue)...) {
        all = elements.map { Field(name: $0, value: $1) }
    }

    package var isEmpty: Bool { all.isEmpty }

    package mutating func append(_ name: String, _ value: LogValue) { all.append(Field(name: name, value: value)) }

    package subscript(name: String) -> LogValue? { all.first { $0.name == name }?.value }

    package func mapValues(_ change: (LogValue) -> LogValue) -> LogFields {
        LogFields(all.map { Field(name: $0.name, value: change($0.value)) })
    }
}
