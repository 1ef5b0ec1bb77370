/// A sink whose rows are known by a key: it can say what a write would change, and change nothing.
package protocol RehearsingSink: RecordSink {
    /// Whether it finds a row by the key of a record.
    nonisolated var hasKey: Bool { get }

    /// Writes a batch in a transaction that is taken back, and looks at the rows of its keys before and after.
    /// - Returns: one answer for each record, in order.
    /// - Throws: `SinkError.busy` and `.unavailable` only: what is wrong with a record is its answer.
    func rehearse(_ batch: [SinkRecord]) async throws(SinkError) -> [Rehearsal]

    /// The rows that have this text in a column, at most so many.
    func rows(where column: String, is value: String, limit: Int) async throws(SinkError) -> [SinkRow]
}

/// What a write would come to.
package enum Rehearsal: Sendable, Hashable {
    /// - Parameter before: `nil` = there is no such row yet.
    case row(before: SinkRow?, after: SinkRow)
    /// The sink would refuse the record.
    case refused(reason: String)

    /// The row as it is.
    package var before: SinkRow? {
        if case .row(let before, _) = self { before } else { nil }
    }
}

/// A row as texts, in the order of the table's columns.
package struct SinkRow: Sendable, Hashable {
    package struct Value: Sendable, Hashable {
        package let column: String
        /// `nil` = NULL.
        package let text: String?

        package init(column: String, text: String?) {
            self.column = column
            self.text = text
        }
    }

    package var values: [Value]

    package init(_ values: [Value]) { self.values = values }

    package subscript(column: String) -> String? { values.first { $0.column == column }?.text }

    /// A record's own fields, for a row that is in no table; none of what is no object.
    package init(of record: SinkRecord) { self.init(Self.fields(of: record)) }

    private static func fields(of record: SinkRecord) -> [Value] {
        do {
            let value = try JSONValue(parsing: record.body)
            guard value.kind == .object else { return [] }
            return value.members.map { member in
                let text = member.value.string ?? member.value.bytes.text
                return Value(column: member.name, text: member.value.kind == .null ? nil : text)
            }
        } catch {
            return []
        }
    }

    /// The columns that differ, with both values.
    package func differences(to other: SinkRow) -> [(column: String, before: String?, after: String?)] {
        let columns =
            values.map(\.column)
            + other.values.map(\.column).filter { name in
                !values.contains { $0.column == name }
            }
        return columns.compactMap { column in
            let (before, after) = (self[column], other[column])
            return before == after ? nil : (column, before, after)
        }
    }
}
