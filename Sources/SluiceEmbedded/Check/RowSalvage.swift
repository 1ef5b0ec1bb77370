import GRDB
import Sluice

/// Copies the rows of one table out of a store that is damaged: those that can be read, and are as they were written.
struct RowSalvage {
    private let damaged: Database
    private let whole: Database
    private let table: String
    private let selection: String
    private let insertion: String
    /// The columns by which a table without row numbers is ordered; empty = it has row numbers.
    private let keys: [String]

    /// What was not copied.
    struct Loss: Sendable, Hashable {
        /// Rows that are not as they were written.
        var changed = 0
        /// Places behind which rows cannot be read.
        var gaps = 0
        /// Of both, the numbers that they may have had.
        var numbers: [ClosedRange<Int64>] = []

        func covers(_ number: Int64) -> Bool { numbers.contains { $0.contains(number) } }

        var isEmpty: Bool { changed == 0 && gaps == 0 }

        func text(_ table: String) -> String {
            var parts: [String] = []
            if changed > 0 { parts.append("\(changed) row\(changed == 1 ? "" : "s") not as written (checksum)") }
            if gaps > 0 { parts.append("\(gaps) place\(gaps == 1 ? "" : "s") where rows cannot be read") }
            return "table '\(table)': \(parts.joined(separator: ", "))"
        }
    }

    /// - Parameter whole: a store with the same tables, into which the rows go.
    init(_ table: String, from damaged: Database, to whole: Database) throws {
        let columns = try Row.fetchAll(
            whole, sql: "SELECT name, pk FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid", arguments: [table])
        let names = try columns.map { "\"\(try $0.decode(String.self, forColumn: "name"))\"" }
        let list = names.joined(separator: ", ")
        let hasNumbers = try String.fetchOne(
            whole, sql: "SELECT sql NOT LIKE '%WITHOUT ROWID%' FROM sqlite_schema WHERE name = ?", arguments: [table])
        self.damaged = damaged
        self.whole = whole
        self.table = table
        selection = "\(list), checksum IS crc(\(list)) FROM \"\(table)\" NOT INDEXED"
        // Two pages of a damaged file may lead to the same rows.
        insertion =
            "INSERT OR IGNORE INTO \"\(table)\" (\(list)) VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))"
        keys =
            hasNumbers == "1"
            ? []
            : try Row.fetchAll(
                whole, sql: "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", arguments: [table]
            ).map { "\"\(try $0.decode(String.self, forColumn: "name"))\"" }
    }

    func copy() throws -> Loss { try keys.isEmpty ? copyByNumber() : copyByKey() }

    /// From both ends up to what cannot be read: such tables are small.
    private func copyByKey() throws -> Loss {
        var loss = Loss()
        for direction in ["ASC", "DESC"] {
            let order = keys.map { "\($0) \(direction)" }.joined(separator: ", ")
            do {
                loss.changed = 0
                let rows = try Row.fetchCursor(damaged, sql: "SELECT 0, \(selection) ORDER BY \(order)")
                while let row = try rows.next() { if try !take(row) { loss.changed += 1 } }
                return loss
            } catch let error as DatabaseError where Self.isDamage(error) {
                loss.gaps = 1
            }
        }
        return loss
    }

    private func copyByNumber() throws -> Loss {
        var loss = Loss()
        var next: Int64? = 0
        while let first = next { next = try copyRun(from: first, &loss) }
        return loss
    }

    /// Copies rows from a number on until one cannot be read.
    /// - Returns: the number to go on with; `nil` = that was all.
    private func copyRun(from first: Int64, _ loss: inout Loss) throws -> Int64? {
        var last = first - 1
        do {
            let rows = try Row.fetchCursor(damaged, sql: byNumber, arguments: [first])
            while let row = try rows.next() {
                // The number of a row that is not as it was written may be any.
                guard try take(row) else {
                    loss.changed += 1
                    let said: Int64 = try row.decode(atIndex: 0)
                    loss.numbers.append(said...said)
                    // Pages that lead back to themselves never end.
                    guard loss.changed < Self.mostChanged else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
                    continue
                }
                let number: Int64 = try row.decode(atIndex: 0)
                guard number > last, number < Self.highestNumber else {
                    throw DatabaseError(resultCode: .SQLITE_CORRUPT)
                }
                last = number
            }
            return nil
        } catch let error as DatabaseError where Self.isDamage(error) {
            loss.gaps += 1
            let next = try firstReadable(behind: last + 1)
            loss.numbers.append(last + 1...(next ?? Self.highestNumber))
            return next
        }
    }

    private static let highestNumber: Int64 = 1 << 60
    /// Rows that are not as they were written, of one table.
    private static let mostChanged = 10_000_000

    private var byNumber: String { "SELECT rowid, \(selection) WHERE rowid >= ? ORDER BY rowid" }

    /// The least number behind one that cannot be read from which rows can be read again: steps that double, then the
    /// middle. What is whole between two damaged places may be passed over.
    private func firstReadable(behind number: Int64) throws -> Int64? {
        var unreadable = number
        var step: Int64 = 1
        while try !isReadable(from: unreadable + step) {
            unreadable += step
            guard step < Self.highestNumber, unreadable < Self.highestNumber else { return nil }
            step *= 2
        }
        var readable = unreadable + step
        while readable - unreadable > 1 {
            let middle = unreadable + (readable - unreadable) / 2
            if try isReadable(from: middle) { readable = middle } else { unreadable = middle }
        }
        return readable
    }

    private func isReadable(from number: Int64) throws -> Bool {
        do {
            let rows = try Row.fetchCursor(damaged, sql: byNumber, arguments: [number])
            guard let row = try rows.next() else { return true }
            return try row.decode(Int64.self, atIndex: 0) >= number
        } catch let error as DatabaseError where Self.isDamage(error) {
            return false
        }
    }

    /// - Returns: false = it is not as it was written.
    private func take(_ row: Row) throws -> Bool {
        let values = Array(row.databaseValues)
        guard values.last == true.databaseValue else { return false }
        do {
            try whole.cachedStatement(sql: insertion).execute(
                arguments: StatementArguments(values[1..<values.count - 1]))
        } catch {
            // Not to be taken for a place of the damaged store that cannot be read.
            throw ControlError.failed("the new store cannot be written: \(error)")
        }
        return true
    }

    static func isDamage(_ error: DatabaseError) -> Bool {
        // The last: a place of the disk that cannot be read.
        [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_IOERR].contains(error.resultCode)
    }
}
