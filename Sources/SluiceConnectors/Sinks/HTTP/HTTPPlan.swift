import Foundation
import NIOHTTP1
import Sluice

/// What a delivery asks of its HTTP address, checked and in HTTP's own terms.
struct HTTPPlan: Sendable {
    let address: HTTPAddress
    let method: HTTPMethod
    let body: Deliver.Request.Body
    let isCompressed: Bool
    /// Those of every request.
    let headers: HTTPHeaders
    let timeout: Duration
    /// Kept open at most.
    let connections: Int
    /// `errors:` of the delivery: what it says of an answer comes before what the answer means otherwise.
    let rules: ErrorRules
    /// What an answer may repeat and nobody may read.
    let secrets: Secrets

    init(_ deliver: Deliver, url: String) throws(SinkCatalogue.Mistake) {
        guard let address = HTTPAddress(url) else {
            throw .init(key: "deliver.to", message: "the address is no URL of http:// or https://")
        }
        self.address = address
        method = HTTPMethod(rawValue: deliver.request.method.rawValue)
        body = deliver.request.body
        isCompressed = deliver.request.compression == .gzip
        headers = try Self.headers(deliver.request, address)
        timeout = deliver.timeout
        connections = deliver.concurrency
        do throws(ErrorRules.Mistake) { rules = try ErrorRules(deliver.errors) } catch {
            throw .init(key: "deliver.errors", message: error.description)
        }
        secrets = Self.secrets(headers, address)
    }

    private static func headers(
        _ request: Deliver.Request, _ address: HTTPAddress
    ) throws(SinkCatalogue.Mistake) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for (name, value) in request.headers.sorted(by: { $0.key < $1.key }) { headers.add(name: name, value: value) }
        if let user = address.user {
            guard !headers.contains(name: "Authorization") else {
                throw .init(key: "deliver.to", message: "a user in the URL and an Authorization header: leave one out")
            }
            let pair = Data("\(user):\(address.password ?? "")".utf8)
            headers.add(name: "Authorization", value: "Basic \(pair.base64EncodedString())")
        }
        func usual(_ name: String, _ value: String) {
            if !headers.contains(name: name) { headers.add(name: name, value: value) }
        }
        usual("Content-Type", request.body == .jsonl ? "application/x-ndjson" : "application/json")
        usual("Accept", "application/json, */*;q=0.5")
        usual("User-Agent", "sluice")
        if request.compression == .gzip { headers.add(name: "Content-Encoding", value: "gzip") }
        return headers
    }

    /// Words in names of headers that carry something secret.
    private static let secretWords = ["auth", "cookie", "key", "password", "secret", "session", "signature", "token"]

    private static func secrets(_ headers: HTTPHeaders, _ address: HTTPAddress) -> Secrets {
        var secrets = Secrets()
        for (name, value) in headers where secretWords.contains(where: name.lowercased().contains) {
            secrets.insert(value)
            // `Bearer TOKEN`: an answer may repeat the token alone.
            if let last = value.split(separator: " ").last { secrets.insert(String(last)) }
        }
        if let password = address.password { secrets.insert(password) }
        return secrets
    }
}
