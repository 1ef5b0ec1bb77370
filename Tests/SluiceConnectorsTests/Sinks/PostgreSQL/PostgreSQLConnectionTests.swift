import Sluice
import Testing

@testable import SluiceConnectors

@Suite struct PostgreSQLConnectionTests {
    @Test(.enabled(if: PostgreSQLServer.programs != nil, "scripts/setup installs a server"))
    func `a real server`() async throws {
        try await PostgreSQLServer.with { server in
            try await keepsTexts(server)
            try await namesFaults(server)
            try await endsWhenCancelled(server)
            try await connectsAgain(server)
        }
    }

    private func keepsTexts(_ server: PostgreSQLServer) async throws {
        let connection = PostgreSQLConnection(url: server.url)
        let name = PostgreSQLName.quoted("Sélect \"a\"; --")
        _ = try await connection.execute("CREATE TABLE \(name) (\(name) numeric, big bigint, t text)")
        let digits = "12345678901234567890.123456789012345678901234567890"
        let texts = [digits, "9223372036854775807", "héllo '\"\\ 🎈"]
        _ = try await connection.execute("INSERT INTO \(name) VALUES ($1, $2, $3), ($1, NULL, $4)", texts + [nil])
        let rows = try await connection.execute("SELECT * FROM \(name) ORDER BY big")
        #expect(rows == [texts, [digits, nil, nil]])
        await #expect(throws: PostgreSQLFault.self) { try await connection.execute("SELECT $1::text", ["a\0b"]) }
    }

    private func namesFaults(_ server: PostgreSQLServer) async throws {
        let connection = PostgreSQLConnection(url: server.url)
        _ = try await connection.execute("CREATE TABLE one (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id) STORED)")
        _ = try await connection.execute("INSERT INTO one VALUES (1)")
        let states = [
            "INSERT INTO one VALUES (1)": "23505", "INSERT INTO one VALUES (99999999999)": "22003",
            "INSERT INTO one (nowhere) VALUES (1)": "42703", "INSERT INTO one VALUES (2, 2)": "428C9",
            "INSERT INTO two VALUES (1)": "42P01",
        ]
        for (sql, state) in states {
            let fault = await fault(of: sql, connection)
            #expect(fault?.state == state, "\(sql)")
        }
        let duplicate = await fault(of: "INSERT INTO one VALUES (1)", connection)
        #expect(duplicate?.message.contains("(id)=(1)") == true)
        let stranger = PostgreSQLConnection(url: "postgres://nobody@/postgres?host=\(server.folder)")
        let refused = await fault(of: "SELECT 1", stranger)
        #expect(refused?.message.contains("role \"nobody\" does not exist") == true)
    }

    private func endsWhenCancelled(_ server: PostgreSQLServer) async throws {
        let connection = PostgreSQLConnection(url: server.url)
        let watcher = PostgreSQLConnection(url: server.url)
        let sleeper = Task { await fault(of: "SELECT pg_sleep(600)", connection) }
        try await waitUntil("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'", watcher)
        sleeper.cancel()
        #expect(await sleeper.value?.state == "57014")
        #expect(try await connection.execute("SELECT 1") == [["1"]])
    }

    private func connectsAgain(_ server: PostgreSQLServer) async throws {
        let connection = PostgreSQLConnection(url: server.url)
        let pid = try await connection.execute("SELECT pg_backend_pid()")[0][0]
        let other = PostgreSQLConnection(url: server.url)
        _ = try await other.execute("SELECT pg_terminate_backend($1::int, 60000)", [pid])
        let lost = try #require(await fault(of: "SELECT 1", connection))
        guard case .unavailable = lost.sinkError else {
            Issue.record("\(lost)")
            return
        }
        #expect(try await connection.execute("SELECT 1") == [["1"]])
    }

    private func fault(of sql: String, _ connection: PostgreSQLConnection) async -> PostgreSQLFault? {
        do throws(PostgreSQLFault) {
            _ = try await connection.execute(sql)
            return nil
        } catch { return error }
    }

    private func waitUntil(_ sql: String, _ connection: PostgreSQLConnection) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await connection.execute(sql).isEmpty {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
