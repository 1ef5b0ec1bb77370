/// What a function reports of its own failure: `errorMessage`, `errorType`, `stackTrace`.
struct ReportedError: Sendable, Hashable {
    var message: String
    var type: String?
    var stackTrace: [String]

    /// What the record's failure says.
    var reason: String {
        guard let type, !message.hasPrefix(type) else { return message }
        return message.isEmpty ? type : "\(type): \(message)"
    }
}
