import Foundation
import GRDB

/// The tables of `store.db`. A migration, once released, is never edited: a new one is added.
///
/// - `chunk`: what was committed together in one queue: headers, and in `body` the bytes. A chunk whose messages
///   are all gone stays while `archive` holds it as a raw copy. With an `origin` it is a replay's: `body` has the places
///   of its messages in the raw copy of that number, and no bytes.
/// - `chunk_state`: one row for every chunk that has messages left; empty while nothing was received from it.
///   Numbers of chunks are never used again, so that an old receipt never fits a new message.
/// - `ledger`: the figures of `LedgerEntry`, by account (`queue/NUMBER`, `step/PIPELINE/STEP`).
/// - `deduplication`: the deduplication ids of the messages of a chunk, until they are forgotten; the chunk may be gone.
/// - `send_session`: how many messages of a sender's session are stored, so that what it sends again is stored once.
/// - `failure`: the failures of messages that are still in their queues, one row each; `number` counts from 0.
/// - `object`: the versions of objects. `present`: its bucket has it, else it is a raw copy until `modified + keep`;
///   `announced`: a pipeline was told of it; `blob`: the file with its bytes. `id` is the order of arrival.
/// - `split_position`: how far objects have been read that Split has begun and not finished.
/// - `segment`: files of raw copies that have left the tables above.
/// - `replay`: what was sent again, and how far, for those that were not finished.
/// - `code_version`: which code a step has run, and since when.
/// - `deleted_queue`: whose names nobody can use again yet.
/// - `move_task`: what clients have had moved out of dead-letter queues, and how far, as long as the queue is there.
/// - `audit`: what people took out of queues by hand, and why.
///
/// `checksum` of every table is that of all its other columns, in their order: `RowChecksum`.
enum Schema {
    /// The migrations that only `data upgrade` runs: they take long, or are not to be undone, so that somebody makes a
    /// backup and chooses the hour. Every other one runs when the folder is opened.
    static let byHand: Set<String> = []

    /// Folders of versions before it are not migrated.
    static let firstRelease = "0.1.0"

    static func pending(_ database: Database) throws -> [String] {
        let applied = try migrator.appliedIdentifiers(database)
        return migrator.migrations.filter { !applied.contains($0) }
    }

    /// The tables and indexes that are not as the migrations make them: migrations were edited before the first release,
    /// and a folder of such a version says that it has them all.
    static func differences(_ database: Database) throws -> [String] {
        var configuration = Configuration()
        configuration.prepareDatabase(RowChecksum.register)
        let made = try DatabaseQueue(configuration: configuration)
        try migrator.migrate(made)
        let (present, expected) = (try definitions(database), try made.read(definitions))
        return Set(present.keys).union(expected.keys).filter { present[$0] != expected[$0] }.sorted()
    }

    private static func definitions(_ database: Database) throws -> [String: String] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT name, sql FROM sqlite_schema
                WHERE sql IS NOT NULL AND NOT (name GLOB 'sqlite_*' OR name GLOB 'grdb_*')
                """)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"], $0["sql"]) })
    }

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: queues, chunks, ledger") { database in
            try database.execute(
                sql: """
                    CREATE TABLE folder (
                        name TEXT PRIMARY KEY, value BLOB NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(name, value)) STORED
                    ) WITHOUT ROWID;
                    CREATE TABLE queue (
                        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(id, name, record)) STORED
                    );
                    CREATE TABLE pipeline (
                        name TEXT PRIMARY KEY, record TEXT NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(name, record)) STORED
                    ) WITHOUT ROWID;
                    CREATE TABLE pause (
                        step TEXT PRIMARY KEY, since INTEGER NOT NULL, reason TEXT,
                        checksum INTEGER NOT NULL AS (crc(step, since, reason)) STORED
                    ) WITHOUT ROWID;
                    CREATE TABLE chunk (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        queue INTEGER NOT NULL,
                        arrived INTEGER NOT NULL,
                        stood_still INTEGER NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(id, queue, arrived, stood_still, header, origin)) STORED,
                        header BLOB NOT NULL,
                        origin INTEGER
                    );
                    CREATE INDEX chunk_origin ON chunk (origin) WHERE origin IS NOT NULL;
                    CREATE TABLE body (
                        chunk INTEGER PRIMARY KEY,
                        checksum INTEGER NOT NULL AS (crc(chunk, data)) STORED,
                        data BLOB NOT NULL
                    );
                    CREATE TABLE chunk_state (
                        chunk INTEGER PRIMARY KEY, state BLOB NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(chunk, state)) STORED
                    );
                    CREATE TABLE failure (
                        chunk INTEGER NOT NULL, message INTEGER NOT NULL, number INTEGER NOT NULL,
                        failure BLOB NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(chunk, message, number, failure)) STORED,
                        PRIMARY KEY (chunk, message, number)
                    );
                    CREATE TABLE archive (
                        chunk INTEGER PRIMARY KEY, queue INTEGER NOT NULL, arrived INTEGER NOT NULL,
                        expires INTEGER NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(chunk, queue, arrived, expires, messages, bytes)) STORED
                    );
                    CREATE INDEX archive_expires ON archive (expires);
                    CREATE INDEX archive_queue ON archive (queue, chunk);
                    CREATE TABLE ledger (
                        account TEXT NOT NULL, entry TEXT NOT NULL, n INTEGER NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(account, entry, n)) STORED,
                        PRIMARY KEY (account, entry)
                    ) WITHOUT ROWID;
                    CREATE TABLE deduplication (
                        chunk INTEGER PRIMARY KEY, queue INTEGER NOT NULL, expires INTEGER NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(chunk, queue, expires, ids)) STORED,
                        ids BLOB NOT NULL
                    );
                    CREATE INDEX deduplication_expires ON deduplication (expires);
                    CREATE TABLE send_session (
                        id BLOB PRIMARY KEY, taken INTEGER NOT NULL, used INTEGER NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(id, taken, used)) STORED
                    ) WITHOUT ROWID;
                    CREATE INDEX send_session_used ON send_session (used);
                    CREATE TABLE audit (
                        time INTEGER NOT NULL, action TEXT NOT NULL, queue TEXT NOT NULL, n INTEGER NOT NULL,
                        who TEXT NOT NULL, reason TEXT NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(time, action, queue, n, who, reason)) STORED
                    );
                    """)
            try database.execute(
                sql: "INSERT INTO folder VALUES ('id', ?), ('secret', ?)",
                arguments: [UUID().uuidString.lowercased(), SymmetricSecret.random()])
        }
        migrator.registerMigration("2: buckets") { database in
            try database.execute(
                sql: """
                    CREATE TABLE bucket (
                        name TEXT PRIMARY KEY, checksum INTEGER NOT NULL AS (crc(name)) STORED
                    ) WITHOUT ROWID;
                    CREATE TABLE object (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        bucket TEXT NOT NULL,
                        key TEXT NOT NULL,
                        version TEXT NOT NULL UNIQUE,
                        size INTEGER NOT NULL,
                        etag TEXT NOT NULL,
                        modified INTEGER NOT NULL,
                        blob TEXT NOT NULL,
                        present INTEGER NOT NULL,
                        announced INTEGER NOT NULL,
                        keep INTEGER NOT NULL,
                        checksum INTEGER NOT NULL AS (
                            crc(id, bucket, key, version, size, etag, modified, blob, present, announced, keep)
                        ) STORED
                    );
                    CREATE UNIQUE INDEX object_present ON object (bucket, key) WHERE present;
                    CREATE INDEX object_blob ON object (blob);
                    CREATE INDEX object_gone ON object (modified + keep) WHERE NOT present;
                    CREATE TABLE split_position (
                        queue INTEGER NOT NULL, object TEXT NOT NULL, offset INTEGER NOT NULL, number INTEGER NOT NULL,
                        line INTEGER NOT NULL, checksum INTEGER NOT NULL AS (crc(queue, object, offset, number, line)) STORED,
                        PRIMARY KEY (queue, object)
                    ) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("3: replay") { database in
            try database.execute(
                sql: """
                    CREATE TABLE replay (
                        number INTEGER PRIMARY KEY AUTOINCREMENT, pipeline TEXT NOT NULL, record TEXT NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(number, pipeline, record)) STORED
                    );
                    CREATE TABLE code_version (
                        step TEXT NOT NULL, since INTEGER NOT NULL, version TEXT NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(step, since, version)) STORED,
                        PRIMARY KEY (step, since)
                    ) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("4: segments") { database in
            try database.execute(
                sql: """
                    CREATE TABLE segment (
                        file TEXT PRIMARY KEY, queue INTEGER NOT NULL, hour INTEGER NOT NULL, first INTEGER NOT NULL,
                        last INTEGER NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL,
                        stored INTEGER NOT NULL, newest INTEGER NOT NULL, expires INTEGER NOT NULL,
                        checksum INTEGER NOT NULL AS (
                            crc(file, queue, hour, first, last, messages, bytes, stored, newest, expires)
                        ) STORED
                    ) WITHOUT ROWID;
                    CREATE INDEX segment_queue ON segment (queue, first);
                    CREATE INDEX segment_expires ON segment (expires);
                    """)
        }
        migrator.registerMigration("5: queues of clients") { database in
            try database.execute(
                sql: """
                    CREATE TABLE deleted_queue (
                        name TEXT PRIMARY KEY, time INTEGER NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(name, time)) STORED
                    ) WITHOUT ROWID;
                    CREATE TABLE move_task (
                        number INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL, record TEXT NOT NULL,
                        checksum INTEGER NOT NULL AS (crc(number, source, record)) STORED
                    );
                    CREATE INDEX move_task_source ON move_task (source);
                    CREATE INDEX audit_queue ON audit (queue, time);
                    """)
        }
        return migrator
    }
}

/// The key of the folder's subject hashes: 32 random bytes that never leave it.
enum SymmetricSecret {
    static func random() -> Data {
        var generator = SystemRandomNumberGenerator()
        return Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }
}
