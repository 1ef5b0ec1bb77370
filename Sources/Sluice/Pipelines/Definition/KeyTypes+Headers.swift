extension KeyType where Value == [String: String] {
    /// Names of headers with their values, which are never shown: most of them are there to be secret.
    static var headers: KeyType {
        .texts(
            expected: "a map of names to values, such as {Authorization: \"Bearer ${TOKEN}\"}",
            value: "the text of a header",
            check: checkHeaders,
            text: { headers in "{" + headers.keys.sorted().map { "\($0): ***" }.joined(separator: ", ") + "}" },
            pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
    }

    @Sendable private static func checkHeaders(_ headers: [String: String], _ check: inout DefinitionCheck) {
        var known: Set<String> = []
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            check.at(name) { check in
                if let complaint = problem(ofName: name) {
                    check.report(
                        "\(check.path): \(Quoting.quote(name)) \(complaint.problem)",
                        expected: complaint.expected ?? "expected another name")
                } else if !known.insert(name.lowercased()).inserted {
                    check.report(
                        "\(check.path) is there twice: case does not tell headers apart", expected: "expected it once")
                }
                if value.isEmpty {
                    check.report("\(check.path) has an empty value", expected: "expected text, or leave it out")
                } else if !value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
                    check.report(
                        "\(check.path) has a character that is not in printable ASCII",
                        expected: "expected a header's text")
                }
            }
        }
    }

    /// Headers that say how a request is transferred, and the one that Sluice makes.
    private static let reserved: [String: String] = [
        "idempotency-key": "Sluice sends its own with every request; leave it out",
        "content-encoding": "write 'compression: gzip'",
        "host": "it follows from 'to'",
    ]
    private static let hopByHop: Set<String> = [
        "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
        "proxy-authorization", "proxy-connection",
    ]

    private static func problem(ofName name: String) -> Complaint? {
        guard !name.isEmpty, name.utf8.allSatisfy({ $0.isHeaderNameByte }) else {
            return Complaint("is no name of a header", expected: "expected letters, digits and '-'")
        }
        let lower = name.lowercased()
        if let advice = reserved[lower] { return Complaint("is no header to set", expected: advice) }
        guard hopByHop.contains(lower) else { return nil }
        return Complaint("is no header to set", expected: "leave it out: it is about the connection")
    }
}

extension UInt8 {
    /// RFC 9110's `tchar`.
    fileprivate var isHeaderNameByte: Bool { isWordByte || "!#$%&'*+-.^`|~".utf8.contains(self) }
}
