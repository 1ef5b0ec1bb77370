/// Which hosts a server without credentials answers to: names that lead to this machine and nowhere else. A web page
/// that makes its own name lead here (DNS rebinding), or that posts here from another origin, is refused.
struct HostRule: Sendable {
    /// Names that are allowed beside those of this machine, in lower case.
    private let allowed: Set<String>

    init(allowed: [String]) { self.allowed = Set(allowed.map { $0.lowercased() }) }

    /// Names that clients and test suites use, and what is under them.
    private static let local = ["localhost", "localhost.localstack.cloud"]

    /// - Parameter host: of a Host header, with or without a port; empty = none, as HTTP/1.0 has it.
    func allows(host: String) -> Bool {
        let name = Self.name(of: host)
        guard !name.isEmpty else { return host.isEmpty }
        if allowed.contains(name) || Self.isLoopback(name) { return true }
        if Self.local.contains(where: { name == $0 || name.hasSuffix(".\($0)") }) { return true }
        return name.hasSuffix(".127.0.0.1") || name == "localhost."
    }

    /// - Parameter origin: of an Origin header: `http://localhost:3000`, or `null` of a page without one.
    func allows(origin: String) -> Bool {
        guard let scheme = origin.firstRange(of: "://") else { return false }
        return allows(host: String(origin[scheme.upperBound...])) && scheme.upperBound != origin.endIndex
    }

    /// `[::1]:4566` → `::1`, `localhost:4566` → `localhost`.
    private static func name(of host: String) -> String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            return host[host.index(after: host.startIndex)..<end].lowercased()
        }
        return Substring(host.utf8.prefix { $0 != UInt8(ascii: ":") }).lowercased()
    }

    static func isLoopback(_ name: String) -> Bool {
        if name == "::1" || name == "0:0:0:0:0:0:0:1" { return true }
        let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0].elementsEqual("127".utf8)
            && parts.allSatisfy { UInt8(Substring($0)) != nil }
    }
}
