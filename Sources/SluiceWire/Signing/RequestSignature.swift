package import Sluice

/// What a request says of its signature, in its Authorization header or, presigned, in its address.
package struct RequestSignature: Sendable {
    package enum Form: Sendable, Hashable {
        case header
        /// Good for so long from its time on.
        case presigned(expires: Duration)
    }

    package var form: Form
    package var accessKeyID: String
    package var scope: SigningScope
    /// In lower case.
    package var signedHeaders: [String]
    package var signature: String
    /// As the request has it: `20130524T000000Z`.
    package var time: String

    /// Why what a request says of its signature is not one.
    package enum Fault: Error, Sendable, Hashable {
        /// There is none at all.
        case missing
        /// Parts are missing or make no sense; each with a sentence.
        case incomplete(String)
    }

    /// - Parameters:
    ///   - headers: of the request; names in any case.
    ///   - query: as it stands in the request line.
    package init(headers: [(name: String, value: String)], query: String) throws(Fault) {
        func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
        if let authorization = header("authorization") {
            guard let time = header("x-amz-date") ?? header("date").flatMap(SigningTime.basic(header:)) else {
                throw .incomplete(
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
            }
            try self.init(authorization: authorization, time: time)
            return
        }
        let parameters = QueryString.pairs(of: query).reduce(into: [String: String]()) { parameters, pair in
            parameters[String(decoding: pair.name, as: UTF8.self)] = String(decoding: pair.value, as: UTF8.self)
        }
        guard parameters["X-Amz-Algorithm"] != nil || parameters["X-Amz-Signature"] != nil else { throw .missing }
        try self.init(presigned: parameters)
    }

    private init(authorization: String, time: String) throws(Fault) {
        guard authorization.hasPrefix(SignatureV4.algorithm) else {
            throw .incomplete("Authorization header requires algorithm '\(SignatureV4.algorithm)'.")
        }
        var parts: [Substring: Substring] = [:]
        for part in authorization.dropFirst(SignatureV4.algorithm.count).split(whereSeparator: { ", \t".contains($0) })
        {
            let pair = part.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { parts[pair[0]] = pair[1] }
        }
        let missing = ["Credential", "Signature", "SignedHeaders"].filter { parts[Substring($0)] == nil }
        guard let credential = parts["Credential"], let signature = parts["Signature"],
            let signed = parts["SignedHeaders"]
        else {
            throw .incomplete(missing.map { "Authorization header requires '\($0)' parameter." }.joined(separator: " "))
        }
        form = .header
        (accessKeyID, scope) = try Self.read(credential: String(credential))
        self.signature = String(signature)
        signedHeaders = signed.split(separator: ";").map { $0.lowercased() }
        self.time = time
        try check()
    }

    private init(presigned parameters: [String: String]) throws(Fault) {
        let names = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"]
        let missing = names.filter { parameters[$0] == nil }
        guard let credential = parameters["X-Amz-Credential"], let time = parameters["X-Amz-Date"],
            let signed = parameters["X-Amz-SignedHeaders"], let signature = parameters["X-Amz-Signature"],
            parameters["X-Amz-Algorithm"] == SignatureV4.algorithm
        else {
            throw .incomplete("AWS query-string parameters must include \(missing.joined(separator: ", ")).")
        }
        // Without it, as long as a request with a header.
        let seconds = parameters["X-Amz-Expires"].map { Int($0) } ?? 900
        guard let seconds, Self.expiries.contains(seconds) else {
            throw .incomplete("X-Amz-Expires must be a number of seconds between 1 and 604800.")
        }
        form = .presigned(expires: .seconds(seconds))
        (accessKeyID, scope) = try Self.read(credential: credential)
        self.signature = signature
        signedHeaders = signed.split(separator: ";").map { $0.lowercased() }
        self.time = time
        try check()
    }

    private static let expiries = 1...604_800

    /// An access key id may have slashes, in theory: the scope is what is at the end.
    private static func read(credential: String) throws(Fault) -> (String, SigningScope) {
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts[parts.count - 1] == SigningScope.end else {
            throw .incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
                    + "'\(credential)'.")
        }
        let scope = SigningScope(
            day: String(parts[parts.count - 4]), region: String(parts[parts.count - 3]),
            service: String(parts[parts.count - 2]))
        return (parts[..<(parts.count - 4)].joined(separator: "/"), scope)
    }

    private func check() throws(Fault) {
        guard SigningTime.moment(of: time) != nil else {
            throw .incomplete("Date must be in ISO-8601 'basic format'. Got '\(time)'.")
        }
        guard time.hasPrefix(scope.day), scope.day.utf8.count == 8 else {
            throw .incomplete(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                    + "'\(scope.day)' != '\(time.prefix(8))'.")
        }
    }

    package var moment: Timestamp { SigningTime.moment(of: time) ?? Timestamp(milliseconds: 0) }
}
