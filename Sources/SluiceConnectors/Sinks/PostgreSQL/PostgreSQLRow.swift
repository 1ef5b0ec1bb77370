import Sluice

/// A record as a row: its values as texts, by column.
struct PostgreSQLRow {
    /// Its place in the batch.
    let index: Int
    let identity: RecordIdentity
    /// In the order of the table's columns.
    let columns: [Int]
    /// `nil` = NULL.
    let values: [String?]
    /// The values of the key; empty = there is none.
    let key: [String]
}

/// Why a record is no row.
struct PostgreSQLRowFailure: Error, Hashable {
    let reason: String
    let type: String
}

/// Turns records into rows of one table.
struct PostgreSQLRowReader {
    let plan: PostgreSQLPlan
    let table: PostgreSQLTable
    private let places: [String: Int]
    private let keyPlaces: [Int]
    /// A field without a column: is it left out?
    let ignoresUnknown: Bool

    /// - Parameter ignoresUnknown: else a record with such a field is refused.
    init(_ plan: PostgreSQLPlan, _ table: PostgreSQLTable, ignoresUnknown: Bool) {
        self.plan = plan
        self.table = table
        self.ignoresUnknown = ignoresUnknown
        let places = Dictionary(
            table.columns.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.places = places
        keyPlaces = plan.key.compactMap { places[$0] }
    }

    func row(_ record: SinkRecord, at index: Int) throws(PostgreSQLRowFailure) -> PostgreSQLRow {
        var values: [Int: String?] = [:]
        for (name, value) in try Self.members(of: record) {
            guard let place = places[name] else {
                if ignoresUnknown { continue }
                throw PostgreSQLRowFailure(
                    reason: "the field '\(Self.shown(name))' has no column in '\(plan.table)'; add the column, or set "
                        + "`unknown: add` or `unknown: ignore`", type: "unknown-column")
            }
            if table.columns[place].isGenerated {
                throw PostgreSQLRowFailure(
                    reason: "the column '\(Self.shown(name))' is computed by the table; leave the field out, or set "
                        + "`unknown: ignore`", type: "generated-column")
            }
            values[place] = .some(text(of: value, for: table.columns[place]))
        }
        if plan.usesMetaID, let place = places[PostgreSQLPlan.metaColumn] { values[place] = .some(record.name) }
        let key = try keyPlaces.map { (place) throws(PostgreSQLRowFailure) -> String in
            guard let value = values[place] ?? nil else {
                throw PostgreSQLRowFailure(
                    reason: "the record has no '\(Self.shown(table.columns[place].name))', which is in the key",
                    type: "missing-key")
            }
            return value
        }
        if let newerBy = plan.newerBy, let place = places[newerBy], (values[place] ?? nil) == nil {
            throw PostgreSQLRowFailure(
                reason: "the record has no '\(Self.shown(newerBy))', by which it is told whether it is newer than its "
                    + "row", type: "missing-newer-by")
        }
        let columns = values.keys.sorted()
        return PostgreSQLRow(
            index: index, identity: record.identity, columns: columns, values: columns.map { values[$0] ?? nil },
            key: key)
    }

    /// The fields of a record, of those of one name the last.
    static func members(of record: SinkRecord) throws(PostgreSQLRowFailure) -> [(name: String, value: JSONValue)] {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: record.body)
        } catch {
            throw PostgreSQLRowFailure(
                reason: "a row is one JSON object, and this record is not JSON: \(error)", type: "not-json")
        }
        guard value.kind == .object else {
            throw PostgreSQLRowFailure(
                reason: "a row is one JSON object, and this record is another value (\(value.kind))",
                type: "not-an-object")
        }
        return value.members.map { ($0.name, $0.value) }
    }

    /// As PostgreSQL reads a value of the column's type. Numbers keep their digits.
    private func text(of value: JSONValue, for column: PostgreSQLTable.Column) -> String? {
        if value.kind == .null { return nil }
        if column.type == "json" || column.type == "jsonb" { return value.bytes.text }
        if column.type.hasSuffix("[]"), value.kind == .array { return Self.array(value) }
        return value.string ?? value.bytes.text
    }

    private static func array(_ value: JSONValue) -> String {
        let elements = Array(value.elements)
        if elements.contains(where: { $0.kind == .array }) {
            return "{" + elements.map { $0.kind == .array ? array($0) : element($0) }.joined(separator: ",") + "}"
        }
        return PostgreSQLArray.literal(
            elements.map { $0.kind == .null ? nil : $0.string ?? $0.bytes.text })
    }

    private static func element(_ value: JSONValue) -> String {
        String(
            PostgreSQLArray.literal([value.kind == .null ? nil : value.string ?? value.bytes.text]).dropFirst()
                .dropLast())
    }

    static func shown(_ name: String) -> String { name.count > 80 ? "\(name.prefix(80))…" : name }
}
