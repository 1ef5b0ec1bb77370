import SluiceServer

/// How a run serves clients of AWS's services: its flags, and the server's own variables.
struct EndpointSettings: Sendable {
    /// `nil` = it does not.
    let address: ListenAddress?
    let home: Home
    let allowedHosts: [String]
    let noAuth: Bool
    let tls: TLSFiles?
    /// The certificate's file, for clients that have to be told of it.
    let certificate: String?
    private let configured: KeyPair?

    /// - Throws: `CommandFailure` (64) when a flag or a variable makes no sense.
    init(_ options: ListenOptions, untilIdle: Bool, environment: [String: String]) throws {
        address = try Self.address(options.listen ?? environment["SLUICE_LISTEN"], untilIdle: untilIdle)
        let region = environment["SLUICE_REGION"] ?? ""
        home = region.isEmpty ? Home() : Home(region: region)
        allowedHosts = (environment["SLUICE_ALLOWED_HOSTS"] ?? "").split(whereSeparator: { ", ".contains($0) }).map(
            String.init)
        noAuth = options.noAuth
        certificate = options.cert
        tls = options.cert.flatMap { cert in options.key.map { TLSFiles(certificate: cert, key: $0) } }
        let id = environment["SLUICE_ACCESS_KEY_ID"] ?? ""
        let secret = environment["SLUICE_SECRET_ACCESS_KEY"] ?? ""
        guard id.isEmpty == secret.isEmpty else {
            throw CommandFailure(
                .usage, "SLUICE_ACCESS_KEY_ID and SLUICE_SECRET_ACCESS_KEY go together: one of them is not set")
        }
        guard id.isEmpty || !noAuth else {
            throw CommandFailure(
                .usage, "--no-auth lets everybody in, and SLUICE_ACCESS_KEY_ID only who has it: choose one")
        }
        configured = id.isEmpty ? nil : KeyPair(id: id, secret: secret)
    }

    private static func address(_ text: String?, untilIdle: Bool) throws -> ListenAddress? {
        guard let text, !text.isEmpty else {
            // It is gone in a moment, and must not be in the way of one that stays.
            return untilIdle ? ListenAddress(host: ListenAddress.usual.host, port: 0) : .usual
        }
        if text == "off" { return nil }
        guard let address = ListenAddress(text) else {
            throw CommandFailure(
                .usage, "'\(text)' is no address to listen on: HOST:PORT is expected, 127.0.0.1:4566 for one")
        }
        return address
    }

    /// The credentials that clients have to sign with; `nil` = none. On an address that others reach there always are
    /// some, unless `--no-auth` says otherwise: they are made, once, and kept in the data folder.
    /// - Throws: `ControlError.forbidden` when they cannot be kept.
    func keys(folder: String) throws -> (pair: KeyPair, isMade: Bool)? {
        if let configured { return (configured, false) }
        guard let address, !address.isLoopback, !noAuth else { return nil }
        return (try KeyPair.kept(inFolder: folder), true)
    }

    func access(_ keys: KeyPair?) -> Access {
        if let keys { return .keys(AccessKeys([keys.id: keys.secret])) }
        return address?.isLoopback == false ? .everybodyByAnyName : .everybody(allowedHosts: allowedHosts)
    }
}
