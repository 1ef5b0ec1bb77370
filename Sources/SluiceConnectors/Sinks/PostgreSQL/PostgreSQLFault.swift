import Sluice

/// What PostgreSQL, or the way to it, answered instead of a result.
struct PostgreSQLFault: Error, Hashable, Sendable {
    /// The SQLSTATE: five characters.
    let state: String
    let message: String
    /// Records that are no rows of the table, where it is known which; nothing was sent then.
    private(set) var rejections: [SinkRejection] = []

    init(state: String, message: String) {
        self.state = state
        self.message = message
    }

    init(_ rejections: PostgreSQLWriter.Rejections) {
        self.init(state: "22000", message: rejections.list.first?.reason ?? "")
        self.rejections = rejections.list
    }

    /// `errors: match:` takes it.
    var type: String { "sql:\(state)" }

    /// What has to happen next. The statement was one for the whole batch: it does not name the record.
    var sinkError: SinkError {
        if !rejections.isEmpty { return .rejected(rejections) }
        switch state {
        // An unknown column, and a value for one that the table computes: the record brought the field.
        case "42703", "428C9": return .batchRejected(reason: message, type: type)
        // A lock that was not given in time, and a statement that was cancelled.
        case "55P03", "57014": return .busy(reason: message, type: type, after: nil)
        default: break
        }
        switch state.prefix(2) {
        // Values, constraints, two rows of one key, a view's condition, a trigger's exception, a limit such as that of an
        // index's row.
        case "21", "22", "23", "44", "54", "P0": return .batchRejected(reason: message, type: type)
        case "40": return .busy(reason: message, type: type, after: nil)
        default: return .unavailable(reason: message, type: type)
        }
    }

    /// The connection cannot be used any more.
    static func lost(_ message: String) -> Self {
        Self(state: "08006", message: "the connection to PostgreSQL is lost: \(message)")
    }
}
