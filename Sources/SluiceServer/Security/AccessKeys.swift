/// The credentials that a server knows.
package struct AccessKeys: Sendable {
    private let secrets: [String: String]

    /// - Parameter secrets: by access key id.
    package init(_ secrets: [String: String]) { self.secrets = secrets }

    func secret(of id: String) -> String? { secrets[id] }
}

/// Who may ask.
package enum Access: Sendable {
    /// Only who signs with one of these.
    case keys(AccessKeys)
    /// Everybody who names the server by an allowed name; signatures are read, and believed.
    case everybody(allowedHosts: [String])
    /// Everybody who reaches it, by whatever name.
    case everybodyByAnyName
}
