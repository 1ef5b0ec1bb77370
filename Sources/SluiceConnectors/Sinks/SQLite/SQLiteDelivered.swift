import GRDB
import GRDBSQLite
import Sluice

/// The identities of records whose rows are committed and whose settlement may not be.
///
/// They stand in the table `_sluice_delivered`, a row for the new identities of each batch, and in memory, where they
/// are looked up: a row for each identity, inserted and deleted again, costs more than the record's own row. Nobody
/// else writes under this folder, pipeline and delivery while we run (a data folder belongs to one process), so what
/// is loaded once stays right. It changes inside the transaction: after one that did not commit, load it anew.
final class SQLiteDelivered {
    private let insert: SQLiteStatement
    private let update: SQLiteStatement
    private let delete: SQLiteStatement

    /// The row that each identity stands in.
    private var rowOf: [RecordIdentity: Int64] = [:]
    /// What stands in each row.
    private var rows: [Int64: [RecordIdentity]] = [:]
    private var nextRow: Int64 = 1
    /// Recorded since the last `store`, for the row `nextRow`.
    private var fresh: [RecordIdentity] = []

    init(_ plan: SQLitePlan, _ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS main._sluice_delivered (
                  folder TEXT NOT NULL, pipeline TEXT NOT NULL, delivery TEXT NOT NULL, batch INTEGER NOT NULL,
                  identities TEXT NOT NULL /* a JSON array */,
                  PRIMARY KEY (folder, pipeline, delivery, batch)) WITHOUT ROWID
                """)
        let connection = try database.connection
        insert = try SQLiteStatement("INSERT INTO main._sluice_delivered VALUES (?1, ?2, ?3, ?4, ?5)", on: connection)
        let row = "WHERE folder = ?1 AND pipeline = ?2 AND delivery = ?3 AND batch = ?4"
        update = try SQLiteStatement("UPDATE main._sluice_delivered SET identities = ?5 \(row)", on: connection)
        delete = try SQLiteStatement("DELETE FROM main._sluice_delivered \(row)", on: connection)
        for statement in [insert, update, delete] {
            try statement.bind(plan.folder, 1)
            try statement.bind(plan.pipeline, 2)
            try statement.bind(plan.delivery, 3)
        }
        try load(plan, database)
    }

    private func load(_ plan: SQLitePlan, _ database: Database) throws {
        let stored = try Row.fetchCursor(
            database,
            sql: """
                SELECT batch, identities FROM main._sluice_delivered WHERE folder = ? AND pipeline = ? AND delivery = ?
                """,
            arguments: [plan.folder, plan.pipeline, plan.delivery])
        while let row = try stored.next() {
            let number = Int64.fromDatabaseValue(row[0]) ?? 0
            let identities = try SQLiteIdentityList.decode(String.fromDatabaseValue(row[1]) ?? "", of: plan)
            rows[number] = identities
            for identity in identities { rowOf[identity] = number }
            nextRow = max(nextRow, number + 1)
        }
    }

    /// Records an identity; `store` then puts it where it outlives the process.
    /// - Returns: false if it was recorded before: the record's row is there.
    func record(_ identity: RecordIdentity) -> Bool {
        if let known = rowOf.updateValue(nextRow, forKey: identity) {
            rowOf[identity] = known
            return false
        }
        fresh.append(identity)
        return true
    }

    /// Stores what was recorded since the last call, as one row.
    func store() throws(SQLiteFault) {
        guard !fresh.isEmpty else { return }
        try insert.bind(nextRow, 4)
        try insert.bind(copying: SQLiteIdentityList.encode(fresh), 5)
        try insert.run()
        rows[nextRow] = fresh
        fresh = []
        nextRow += 1
    }

    /// Drops identities: rows of which nothing is left are deleted, others rewritten.
    func forget(_ identities: [RecordIdentity]) throws(SQLiteFault) {
        var touched: [Int64: Int] = [:]
        for identity in identities {
            if let row = rowOf.removeValue(forKey: identity) { touched[row, default: 0] += 1 }
        }
        for (row, count) in touched {
            guard let stored = rows[row] else { continue }
            if stored.count == count {
                rows[row] = nil
                try delete.bind(row, 4)
                try delete.run()
            } else {
                let kept = stored.filter { rowOf[$0] == row }
                rows[row] = kept
                try update.bind(row, 4)
                try update.bind(copying: SQLiteIdentityList.encode(kept), 5)
                try update.run()
            }
        }
    }
}
