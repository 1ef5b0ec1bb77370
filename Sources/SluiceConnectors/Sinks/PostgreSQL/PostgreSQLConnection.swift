import CPQ
import Foundation
import Sluice

/// One connection. Its calls block: it has a thread of its own.
actor PostgreSQLConnection {
    private let executor = ThreadExecutor(label: "postgresql")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let url: String
    private var open: (connection: OpaquePointer, cancel: PostgreSQLCancel)?

    /// Opens nothing: the first statement does.
    init(url: String) { self.url = url }

    isolated deinit { close() }

    /// Runs one statement; connects before it if need be. Parameters and values are texts, `nil` is NULL.
    /// When the task is cancelled the server is asked to end the statement, which then fails with 57014.
    func execute(_ sql: String, _ parameters: [String?] = []) async throws(PostgreSQLFault) -> [[String?]] {
        let (connection, cancel) = try connected()
        guard !parameters.contains(where: { $0?.utf8.contains(0) ?? false }) else {
            // C would end the text there, and keep the rest from the table without a word.
            throw PostgreSQLFault(state: "22021", message: "a text has a NUL (\\u0000), which PostgreSQL cannot keep")
        }
        cancel.begin()
        defer { cancel.end() }
        let result = await withTaskCancellationHandler {
            Task.isCancelled ? .failure(Self.cancelled) : run(sql, parameters, connection)
        } onCancel: {
            cancel.cancel()
        }
        if !cpq_is_connected(connection) { close() }
        return try result.get()
    }

    func close() {
        guard let open else { return }
        cpq_finish(open.connection)
        self.open = nil
    }

    private static let cancelled = PostgreSQLFault(state: "57014", message: "the statement was cancelled")

    private func connected() throws(PostgreSQLFault) -> (OpaquePointer, PostgreSQLCancel) {
        if let open { return open }
        try PostgreSQLLibrary.require()
        guard let connection = cpq_connect(url) else { throw .lost("there is no memory for one") }
        guard cpq_is_connected(connection) else {
            let message = Self.text(cpq_message(connection))
            cpq_finish(connection)
            throw PostgreSQLFault(state: "08001", message: "no connection to PostgreSQL: \(message)")
        }
        let fresh = (connection, PostgreSQLCancel(connection))
        open = fresh
        return fresh
    }

    /// Of the actor: it blocks the actor's own thread, and none of those that all tasks share.
    private func run(
        _ sql: String, _ parameters: [String?], _ connection: OpaquePointer
    ) -> Result<[[String?]], PostgreSQLFault> {
        let copies = parameters.map { $0.map { strdup($0) } ?? nil }
        defer { for copy in copies { free(copy) } }
        let values = copies.map { UnsafePointer($0) }
        guard let result = cpq_execute(connection, sql, Int32(values.count), values) else {
            return .failure(.lost(Self.text(cpq_message(connection))))
        }
        defer { cpq_clear(result) }
        guard cpq_is_success(result) else { return .failure(Self.fault(result, connection)) }
        return .success(
            (0..<cpq_rows(result)).map { row in
                (0..<cpq_columns(result)).map { cpq_value(result, row, $0).map { String(cString: $0) } }
            })
    }

    private static func fault(_ result: OpaquePointer, _ connection: OpaquePointer) -> PostgreSQLFault {
        guard let state = cpq_state(result) else { return .lost(text(cpq_message(connection))) }
        let detail = cpq_detail(result).map { " (\(text($0)))" } ?? ""
        return PostgreSQLFault(state: text(state), message: text(cpq_primary(result)) + detail)
    }

    private static func text(_ bytes: UnsafePointer<CChar>?) -> String {
        guard let bytes else { return "" }
        let text = String(cString: bytes)
        return String(text.reversed().drop { $0.isWhitespace }.reversed())
    }
}
