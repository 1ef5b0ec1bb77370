import GRDB
import GRDBSQLite
import Sluice

/// The identities of records whose rows are committed and whose settlement may not be: the table `_sluice_delivered`.
final class SQLiteDelivered {
    private let record: SQLiteStatement
    private let forget: SQLiteStatement

    init(_ plan: SQLitePlan, _ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS main._sluice_delivered (
                  folder TEXT NOT NULL, pipeline TEXT NOT NULL, delivery TEXT NOT NULL, identity TEXT NOT NULL,
                  PRIMARY KEY (folder, pipeline, delivery, identity)) WITHOUT ROWID
                """)
        let connection = try database.connection
        record = try SQLiteStatement(
            "INSERT INTO main._sluice_delivered VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING", on: connection)
        forget = try SQLiteStatement(
            "DELETE FROM main._sluice_delivered WHERE folder = ?1 AND pipeline = ?2 AND delivery = ?3 AND identity = ?4",
            on: connection)
        for statement in [record, forget] {
            try statement.bind(plan.folder, 1)
            try statement.bind(plan.pipeline, 2)
            try statement.bind(plan.delivery, 3)
        }
    }

    /// - Returns: false if it was recorded before: the record's row is there.
    func record(_ identity: RecordIdentity) throws(SQLiteFault) -> Bool {
        try record.bind(identity.text, 4)
        return try record.run() > 0
    }

    func forget(_ identities: [RecordIdentity]) throws(SQLiteFault) {
        for identity in identities {
            try forget.bind(identity.text, 4)
            try forget.run()
        }
    }
}
