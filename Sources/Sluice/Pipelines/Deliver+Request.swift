extension Deliver {
    /// How records become requests, where they go to an HTTP address.
    public struct Request: Hashable, Sendable {
        public enum Method: String, Hashable, Sendable, Codable, CaseIterable {
            case post = "POST"
            case put = "PUT"
            case patch = "PATCH"
        }

        /// What a request carries.
        public enum Body: String, Hashable, Sendable, Codable, CaseIterable {
            /// A batch as a JSON array.
            case array
            /// A batch, one JSON value a line.
            case jsonl
            /// One record, as it is.
            case single
        }

        public enum Compression: String, Hashable, Sendable, Codable, CaseIterable { case none, gzip }

        /// Sent with every request. Their values are never shown.
        public var headers: [String: String]
        public var method: Method
        public var body: Body
        /// Of the body.
        public var compression: Compression

        public init(
            headers: [String: String] = [:], method: Method = .post, body: Body = .array,
            compression: Compression = .none
        ) {
            self.headers = headers
            self.method = method
            self.body = body
            self.compression = compression
        }
    }
}
