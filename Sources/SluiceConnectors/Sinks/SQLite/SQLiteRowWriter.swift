import GRDB
import Sluice

/// Turns records into rows, each in one pass over its bytes: names are matched to columns, and values are bound to a
/// statement where they stand. Belongs to one shape of one table.
///
/// What every field of every record touches is `@exclusivity(unchecked)`: one actor has it, and nothing that changes it
/// takes a closure or calls back.
final class SQLiteRowWriter {
    private let plan: SQLitePlan
    private var columns: SQLiteColumnMatcher
    private let connection: OpaquePointer

    /// How the last record was laid out: records of one kind have the same names in the same order.
    @exclusivity(unchecked) private var layout: Layout?
    /// Statements by the columns they write, in order.
    private var statements: [[Int]: RowStatement] = [:]
    /// The members of the record at hand, and those of them that go to a column.
    @exclusivity(unchecked) private var members: [(name: JSONSpan, value: JSONSpan)] = []
    @exclusivity(unchecked) private var fields: [Field] = []
    @exclusivity(unchecked) private var decoded: [UInt8] = []

    /// What one parameter gets.
    struct Field {
        let column: Int
        let affinity: SQLiteType.Affinity
        /// `nil` = the definition asks nothing of the value.
        let fit: SQLiteFit?
        var value: JSONSpan
    }

    private struct Layout {
        /// As written, between the quotes.
        let names: [[UInt8]]
        /// The fields they make; `nil` = one that the definition ignores.
        let fields: [Field?]
        let row: RowStatement
    }

    /// An INSERT into certain columns.
    private final class RowStatement {
        let statement: SQLiteStatement
        /// Which of its parameters, from 0, must not be null: the columns of the key and that of `newer_by`.
        let required: [Int]

        init(_ statement: SQLiteStatement, required: [Int]) {
            self.statement = statement
            self.required = required
        }
    }

    /// Records may have any set of fields: only so many of their statements are kept.
    private static let mostStatements = 64

    init(_ plan: SQLitePlan, _ table: SQLiteTable, _ database: Database) throws {
        self.plan = plan
        columns = SQLiteColumnMatcher(plan, table)
        connection = try database.connection
    }

    /// How many columns the table has, with those that were added for records since.
    var columnCount: Int { columns.columnCount }

    /// Writes one row.
    func write(_ record: SinkRecord, _ database: Database) throws(SQLiteRowFailure) -> SinkEffect {
        try record.body.withScanner { (scanner) throws(SQLiteRowFailure) -> SinkEffect in
            try readMembers(&scanner, of: record)
            let row = if let known = matchedAsBefore(scanner) { known } else { try match(scanner, database) }
            try requireValues(row)
            let changes: Int32?
            do throws(SQLiteFault) {
                changes = try bind(record, to: row.statement, scanner) ? row.statement.run() : nil
            } catch {
                throw columns.failure(error)
            }
            guard let changes else { throw doesNotFit(scanner) }
            return changes > 0 ? .written : plan.mode == .upsert ? .stale : .ignored
        }
    }

    // MARK: From names to columns

    private func readMembers(_ scanner: inout JSONScanner, of record: SinkRecord) throws(SQLiteRowFailure) {
        members.removeAll(keepingCapacity: true)
        do throws(JSONMistake) {
            try scanner.enterObject()
            while let member = try scanner.nextMember() { members.append(member) }
            try scanner.finish()
        } catch {
            let (reason, type) = SQLiteRowFailure.words(for: error, in: record.body)
            throw .rejected(reason: reason, type: type)
        }
    }

    /// The statement of the record before, if this one has the same names in the same order.
    private func matchedAsBefore(_ scanner: JSONScanner) -> RowStatement? {
        guard let layout, layout.names.count == members.count else { return nil }
        fields.removeAll(keepingCapacity: true)
        for index in members.indices {
            guard scanner.isText(of: members[index].name, layout.names[index]) else { return nil }
            guard var field = layout.fields[index] else { continue }
            field.value = members[index].value
            fields.append(field)
        }
        return layout.row
    }

    private func match(_ scanner: JSONScanner, _ database: Database) throws(SQLiteRowFailure) -> RowStatement {
        fields.removeAll(keepingCapacity: true)
        let allNames = members.map { member in
            var name: [UInt8] = []
            scanner.decode(member.name, into: &name)
            return name
        }
        try columns.requireRoom(for: allNames, database)
        var names: [[UInt8]] = []
        var matched: [Field?] = []
        var positions: [Int: (field: Int, name: Int)] = [:]
        for (member, name) in zip(members, allNames) {
            defer { names.append(name) }
            guard let column = try columns.column(of: name, database) else {
                matched.append(nil)
                continue
            }
            let field = Field(
                column: column, affinity: columns.affinity(column), fit: columns.fit(column), value: member.value)
            matched.append(field)
            if let known = positions[column] {
                guard names[known.name] == name else { throw columns.sameColumn(names[known.name], name) }
                fields[known.field].value = member.value  // of members with one name the last counts
            } else {
                positions[column] = (fields.count, names.count)
                fields.append(field)
            }
        }
        let row = try statement(for: fields.map(\.column))
        let hasRepeatedNames = fields.count < matched.count { $0 != nil }
        layout = hasRepeatedNames ? nil : Layout(names: names, fields: matched, row: row)
        return row
    }

    private func requireValues(_ row: RowStatement) throws(SQLiteRowFailure) {
        for parameter in row.required where fields[parameter].value.kind == .null {
            throw columns.missing(fields[parameter].column)
        }
    }

    // MARK: Statements

    private func statement(for written: [Int]) throws(SQLiteRowFailure) -> RowStatement {
        if let known = statements[written] { return known }
        if statements.count >= Self.mostStatements { statements.removeAll() }
        let needed = columns.keyColumns + (columns.orderColumn.map { [$0] } ?? [])
        let required = try needed.map { (column) throws(SQLiteRowFailure) -> Int in
            guard let parameter = written.firstIndex(of: column) else { throw columns.missing(column) }
            return parameter
        }
        do throws(SQLiteFault) {
            let statement = try SQLiteStatement(columns.insert(written), on: connection)
            let row = RowStatement(statement, required: required)
            statements[written] = row
            return row
        } catch {
            throw .fault(error)
        }
    }

    // MARK: Values

    /// - Returns: false if a value does not fit its column.
    private func bind(
        _ record: SinkRecord, to statement: SQLiteStatement, _ scanner: JSONScanner
    ) throws(SQLiteFault) -> Bool {
        for index in fields.indices {
            guard try bind(fields[index], Int32(index + 1), to: statement, scanner) else { return false }
        }
        if plan.usesMetaID { try statement.bind(record.name, Int32(fields.count + 1)) }
        return true
    }

    /// Binds a value as rule 11 of the reference has it.
    /// - Returns: false if it is not of the declared type, or the column would change a number.
    private func bind(
        _ field: Field, _ parameter: Int32, to statement: SQLiteStatement, _ scanner: JSONScanner
    ) throws(SQLiteFault) -> Bool {
        let value = field.value
        if let fit = field.fit, !fit.takes(value, in: scanner) { return false }
        if field.column == columns.orderColumn, !isOrdered(field, scanner) { return false }
        switch value.kind {
        case .null: try statement.bind(null: parameter)
        case .true: try statement.bind(Int64(1), parameter)
        case .false: try statement.bind(Int64(0), parameter)
        case .object, .array: try statement.bind(borrowed: scanner.raw(value), parameter)
        case .number: return try bind(number: scanner.raw(value), field.affinity, parameter, to: statement)
        case .string where value.hasEscapes:
            decoded.removeAll(keepingCapacity: true)
            scanner.decode(value, into: &decoded)
            guard decoded.withUnsafeBufferPointer(field.affinity.keeps) else { return false }
            try statement.bind(copying: decoded, parameter)
        case .string:
            let text = scanner.rawText(of: value)
            guard field.affinity.keeps(text) else { return false }
            try statement.bind(borrowed: text, parameter)
        }
        return true
    }

    /// Whether the value has a place in the order of its column's values: a number that is kept as text has not.
    private func isOrdered(_ field: Field, _ scanner: JSONScanner) -> Bool {
        switch field.value.kind {
        case .string: true
        case .number: field.affinity != .text && SQLiteNumber(scanner.raw(field.value)) != .digits
        case .null, .true, .false, .object, .array: false
        }
    }

    /// The failure for the first field that is not of the declared type, or whose column would keep another number
    /// than the record has.
    private func doesNotFit(_ scanner: JSONScanner) -> SQLiteRowFailure {
        for field in fields {
            guard let fit = field.fit, !fit.takes(field.value, in: scanner) else { continue }
            return columns.doesNotFit(field.column, scanner.raw(field.value))
        }
        if let field = fields.first(where: { $0.column == columns.orderColumn }), !isOrdered(field, scanner) {
            return columns.hasNoOrder(field.column, scanner.raw(field.value))
        }
        let lost = fields.first { field in
            switch field.value.kind {
            case .number: !field.affinity.keeps(scanner.raw(field.value))
            case .string:
                !Array(scanner.text(of: field.value).utf8).withUnsafeBufferPointer(field.affinity.keeps)
            case .object, .array, .true, .false, .null: false
            }
        }
        return columns.lossOfDigits(lost?.column)
    }

    private func bind(
        number text: UnsafeBufferPointer<UInt8>, _ affinity: SQLiteType.Affinity, _ parameter: Int32,
        to statement: SQLiteStatement
    ) throws(SQLiteFault) -> Bool {
        if affinity == .text {
            try statement.bind(borrowed: text, parameter)  // the column would write a double with 15 digits
            return true
        }
        switch SQLiteNumber(text) ?? .digits {
        case .integer(let integer):
            if affinity == .real, Double(exactly: integer) == nil { return false }
            try statement.bind(integer, parameter)
        case .real(let double): try statement.bind(double, parameter)
        case .digits:
            guard affinity == .none else { return false }
            try statement.bind(borrowed: text, parameter)
        }
        return true
    }
}

extension SQLiteType.Affinity {
    /// Whether a column leaves a text as it is, or turns it into a number of the same value. Numeric columns turn
    /// text that looks like a number into one, and count it as lossless if 15 digits survive.
    func keeps(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        switch self {
        case .none, .text: return true
        case .integer, .numeric: return SQLiteNumber(text) != .digits
        case .real:
            switch SQLiteNumber(text) {
            case .digits: return false
            case .integer(let integer): return Double(exactly: integer) != nil
            case .real, nil: return true
            }
        }
    }
}
