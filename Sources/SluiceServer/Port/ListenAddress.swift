/// Where a server listens: `127.0.0.1:4566`, `[::1]:0`.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// An address or a name, without brackets.
    package var host: String
    /// 0 = any that is free.
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// - Parameter text: `HOST:PORT`, `:PORT` (every address of this machine), or `HOST` alone (port 4566).
    package init?(_ text: String) {
        var (host, port) = (text, String(Self.usualPort))
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]"), !Self.isBareIPv6(text) {
            host = String(text[..<colon])
            port = String(text[text.index(after: colon)...])
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard let number = Int(port), (0...65_535).contains(number) else { return nil }
        self.host = host.isEmpty || host == "*" ? "0.0.0.0" : host
        self.port = number
    }

    private static func isBareIPv6(_ text: String) -> Bool {
        !text.hasPrefix("[") && text.count(where: { $0 == ":" }) > 1
    }

    /// Where people's tools look already.
    package static let usualPort = 4_566
    package static let usual = ListenAddress(host: "127.0.0.1", port: usualPort)

    package var isLoopback: Bool { host == "localhost" || HostRule.isLoopback(host) }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// How a program on this machine reaches it.
    package var local: ListenAddress {
        switch host {
        case "0.0.0.0": ListenAddress(host: "127.0.0.1", port: port)
        case "::": ListenAddress(host: "::1", port: port)
        default: self
        }
    }
}
