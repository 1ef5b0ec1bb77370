import Logging
import ServiceLifecycle
import Sluice
import SluiceFunctions
import SluiceServer

/// The port of a run, bound before its pipelines start, so that their functions know where it is.
struct RunningEndpoints: Sendable {
    let server: PortServer
    private let endpoints: Endpoints
    private let settings: EndpointSettings
    private let keys: KeyPair?
    private let isKeyPairMade: Bool

    /// - Returns: `nil` = it shall not listen.
    /// - Throws: `CommandFailure` (69) when the address cannot be listened on.
    static func bind(
        _ settings: EndpointSettings, engine: ServerEngine, folder: String, logger: Logger
    ) async throws -> RunningEndpoints? {
        guard let address = settings.address else { return nil }
        OpenFiles.raiseLimit()
        let keys = try settings.keys(folder: folder)
        let endpoints = Endpoints(
            engine: engine, access: settings.access(keys?.pair), home: settings.home, logger: logger)
        do {
            let server = try await PortServer.bind(address, endpoints: endpoints, tls: settings.tls, logger: logger)
            return RunningEndpoints(
                server: server, endpoints: endpoints, settings: settings, keys: keys?.pair,
                isKeyPairMade: keys?.isMade ?? false)
        } catch let error as PortError {
            throw CommandFailure(.unavailable, error.description)
        }
    }

    var url: String { "\(server.isTLS ? "https" : "http")://\(server.address)" }

    /// Requests are accepted from now on, or no more, and why.
    func setReady(_ reason: String?) { endpoints.setReady(reason) }

    /// What functions find in their environment.
    var services: FunctionServices {
        // A certificate is made out to a name rather than to an address.
        let local = server.address.local
        let host = server.isTLS ? "localhost:\(local.port)" : "\(local)"
        var services = FunctionServices(
            region: settings.home.region, account: settings.home.account,
            variables: ["AWS_ENDPOINT_URL_SQS": "\(server.isTLS ? "https" : "http")://\(host)"])
        if let keys {
            services.variables["AWS_ACCESS_KEY_ID"] = keys.id
            services.variables["AWS_SECRET_ACCESS_KEY"] = keys.secret
        }
        if let certificate = settings.certificate { services.variables["AWS_CA_BUNDLE"] = certificate }
        return services
    }

    /// How to use credentials that nobody has given, and that are in the data folder now.
    var instructions: String? {
        guard isKeyPairMade, let keys else { return nil }
        return """
            \(server.address) is no loopback address: clients sign with these credentials, which are in the data folder \
            (SLUICE_ACCESS_KEY_ID and SLUICE_SECRET_ACCESS_KEY set others, --no-auth asks for none)
              aws configure set aws_access_key_id \(keys.id)
              aws configure set aws_secret_access_key \(keys.secret)
              aws configure set region \(settings.home.region)
              aws configure set endpoint_url \(url)
            """
    }
}
