import Logging
import Sluice
import SluiceTesting

@testable import SluiceConnectors

/// A table of a server, for a sink that makes it.
struct PostgreSQLPlace: RecordSinkPlace {
    let server: PostgreSQLServer
    let deliver: Deliver
    let table: String

    init(
        _ server: PostgreSQLServer, table: String, key: [String] = [], mode: Deliver.Mode? = nil,
        newerBy: String? = nil, create: Bool? = true, columns: [Deliver.Column] = [],
        unknown: Deliver.UnknownField? = nil
    ) {
        self.server = server
        self.table = table
        deliver = Deliver(
            to: .postgres(server.url), table: table, key: key, mode: mode, newerBy: newerBy, create: create,
            columns: columns, unknown: unknown)
    }

    func sink() throws -> any RecordSink {
        try SinkCatalogue.make(
            deliver, pipeline: table, folder: "folder-1", root: nil, logger: .silent)
    }

    /// Not JSON: known before anything is sent.
    let refusedBody = Bytes(#"{"n":1"#)
    let knowsRepeatedRecords = true

    func storedNumbers() async throws -> [Int] {
        guard try await texts("SELECT to_regclass('\(table)')") != ["null"] else { return [] }
        return try await texts("SELECT n FROM \(table) ORDER BY xmin::text::bigint, ctid").compactMap {
            Int($0)
        }
    }

    /// Rows as texts, their values with a space between them.
    func texts(_ sql: String) async throws -> [String] {
        let connection = PostgreSQLConnection(url: server.url)
        let rows = try await connection.execute(sql)
        await connection.close()
        return rows.map { $0.map { $0 ?? "null" }.joined(separator: " ") }
    }

    /// Writes records with a sink of its own.
    func write(_ bodies: String...) async throws -> [SinkEffect] {
        let sink = try self.sink()
        let effects = try await sink.write(
            bodies.enumerated().map { index, body in
                SinkRecord(
                    identity: RecordIdentity("\(index): \(body)"), body: Bytes(body),
                    received: Timestamp(milliseconds: 0))
            })
        await sink.close()
        return effects
    }
}
