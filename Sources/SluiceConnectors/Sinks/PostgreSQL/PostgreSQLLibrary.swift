import CPQ

/// libpq, which is opened when the first connection needs it.
enum PostgreSQLLibrary {
    /// `nil` = it is there. Looked for once in a process.
    static let problem: String? = cpq_open().map { String(cString: $0) }

    static func require() throws(PostgreSQLFault) {
        guard let problem else { return }
        throw PostgreSQLFault(
            state: "08001",
            message: "PostgreSQL needs the library libpq: \(problem). Install it (Debian: apt install libpq5)")
    }
}
