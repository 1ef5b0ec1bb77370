import NIOHTTP1
import Sluice

/// A request that has arrived whole.
struct ServerRequest: Sendable {
    var method: String
    /// The request line's, before the `?`, as it was written.
    var path: String
    /// Behind the `?`, as it was written.
    var query: String
    var headers: HTTPHeaders
    var body: Bytes
    var isTLS: Bool
    /// What the caller's address is, for the log.
    var peer: String

    init(_ head: HTTPRequestHead, body: Bytes, isTLS: Bool, peer: String) {
        method = head.method.rawValue
        let target = head.uri.utf8
        let mark = target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        path = Self.path(String(Substring(target[..<mark])))
        query = String(Substring(target[mark...].dropFirst()))
        headers = head.headers
        self.body = body
        self.isTLS = isTLS
        self.peer = peer
    }

    /// A proxy's request line names the host too.
    private static func path(_ target: String) -> String {
        guard !target.hasPrefix("/"), let scheme = target.firstRange(of: "://") else {
            return target.isEmpty ? "/" : target
        }
        let rest = target[scheme.upperBound...]
        return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
    }

    func header(_ name: String) -> String? { headers.first(name: name) }

    /// Host and port as the caller named them; empty = it did not.
    var host: String { header("host") ?? "" }
}

/// What a request is answered with.
struct ServerAnswer: Sendable {
    var status: Int
    var contentType: String
    /// Beside the content type, the length and the request's id.
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]

    static func text(_ status: Int, _ text: String) -> ServerAnswer {
        ServerAnswer(status: status, contentType: "text/plain; charset=utf-8", body: Array("\(text)\n".utf8))
    }
}
