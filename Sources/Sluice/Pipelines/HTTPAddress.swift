import Foundation

/// The URL of an HTTP sink, in the parts that a definition and the sink ask for.
package struct HTTPAddress: Hashable, Sendable {
    package let isSecure: Bool
    /// In lower case; an IPv6 address without brackets.
    package let host: String
    package let port: Int
    /// As requests are sent to it: without user and password.
    package let url: String
    /// For people: without what may be secret, the user, the password and the query.
    package let shown: String
    package let user: String?
    package let password: String?

    /// `nil` for what `check` calls a mistake.
    package init?(_ text: String) {
        do throws(Complaint) { try self.init(checking: text) } catch { return nil }
    }

    init(checking text: String) throws(Complaint) {
        let example = "expected a URL, such as 'https://api.example.com/v1/orders'"
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Complaint("has a space, or a character that is not ASCII", expected: "write it as '%20', or its like")
        }
        guard var parts = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme)
        else { throw Complaint("is no URL", expected: example) }
        guard let host = parts.host, !host.isEmpty else { throw Complaint("names no host", expected: example) }
        if let port = parts.port, !(1...65_535).contains(port) {
            throw Complaint("has a port that is none", expected: "expected 1 to 65535")
        }
        guard parts.fragment == nil else {
            throw Complaint("has a fragment, which is never sent", expected: "leave out what stands behind '#'")
        }
        isSecure = scheme == "https"
        self.host = host.lowercased().trimmingCharacters(in: ["[", "]"])
        port = parts.port ?? (isSecure ? 443 : 80)
        user = parts.user
        password = parts.password
        parts.user = nil
        parts.password = nil
        if parts.path.isEmpty { parts.path = "/" }
        guard let url = parts.string else { throw Complaint("is no URL", expected: example) }
        self.url = url
        parts.query = nil
        shown = parts.string ?? url
    }

    /// Whether what is sent stays on this machine.
    package var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "::1"
            || (host.hasPrefix("127.")
                && host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) })
    }
}
