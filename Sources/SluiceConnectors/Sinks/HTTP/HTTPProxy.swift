import AsyncHTTPClient
import Foundation
import Sluice

/// The proxy that the environment names, by the variables that curl reads.
enum HTTPProxy {
    /// `https_proxy`, `http_proxy` or `all_proxy`, each also in capitals; `nil` = there is none, or `no_proxy` has the
    /// host.
    static func find(
        for address: HTTPAddress, in environment: [String: String]
    ) throws(SinkError) -> HTTPClient.Configuration.Proxy? {
        let names = [address.isSecure ? "https_proxy" : "http_proxy", "all_proxy"]
        guard let (name, text) = names.lazy.compactMap({ name in value(name, environment).map { (name, $0) } }).first,
            !isExempt(address.host, value("no_proxy", environment) ?? "")
        else { return nil }
        let isSOCKS = text.lowercased().hasPrefix("socks5")
        guard let url = URLComponents(string: text.contains("://") ? text : "http://\(text)"),
            let host = url.host, !host.isEmpty, url.scheme?.lowercased() == "http" || isSOCKS
        else {
            throw .unavailable(
                reason: "the variable \(name) names no proxy that can be used; expected http://HOST:PORT or "
                    + "socks5://HOST:PORT", type: "http:proxy")
        }
        if isSOCKS { return .socksServer(host: host, port: url.port ?? 1080) }
        let authorization = url.user.map {
            HTTPClient.Authorization.basic(username: $0, password: url.password ?? "")
        }
        return .server(host: host, port: url.port ?? 1080, authorization: authorization)
    }

    /// The one in small letters comes first.
    private static func value(_ name: String, _ environment: [String: String]) -> String? {
        for name in [name, name.uppercased()] {
            if let value = environment[name], !value.isEmpty { return value }
        }
        return nil
    }

    /// `example.com` and `.example.com` are the host and all below it; `*` is every host.
    private static func isExempt(_ host: String, _ list: String) -> Bool {
        list.split { $0 == "," || $0.isWhitespace }.contains { entry in
            if entry == "*" { return true }
            let name = entry.lowercased().trimmingCharacters(in: [".", "[", "]"])
            return !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
        }
    }
}
