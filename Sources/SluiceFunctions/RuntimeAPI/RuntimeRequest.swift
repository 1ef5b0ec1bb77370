import NIOHTTP1

/// A request of the Lambda Runtime API, by its method and path.
enum RuntimeRequest: Equatable {
    case next
    case response(id: String)
    case error(id: String)
    case initError
    /// Nothing that the API has.
    case unknown

    private static let base = "/2018-06-01/runtime/"

    init(_ head: HTTPRequestHead) {
        let path = head.uri.prefix { $0 != "?" }
        guard path.hasPrefix(Self.base) else {
            self = .unknown
            return
        }
        let parts = path.dropFirst(Self.base.count).split(separator: "/", omittingEmptySubsequences: false)
        switch (head.method, parts.count) {
        case (.GET, 2) where parts[0] == "invocation" && parts[1] == "next": self = .next
        case (.POST, 3) where parts[0] == "invocation" && parts[2] == "response": self = .response(id: String(parts[1]))
        case (.POST, 3) where parts[0] == "invocation" && parts[2] == "error": self = .error(id: String(parts[1]))
        case (.POST, 2) where parts[0] == "init" && parts[1] == "error": self = .initError
        default: self = .unknown
        }
    }
}
