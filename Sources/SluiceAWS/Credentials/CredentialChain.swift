package import AsyncHTTPClient
package import Sluice

/// The places in AWS's order: environment, profile files, container, instance. What was found is kept until shortly
/// before it expires; who asks meanwhile waits for the same answer.
package actor CredentialChain {
    private let sources: [any CredentialSource]
    private let clock: any EngineClock
    private var known: AWSCredentials?
    private var looking: Task<AWSCredentials, any Error>?

    /// So long before they expire they are asked for anew.
    private static let margin: Duration = .minutes(5)

    package init(_ sources: [any CredentialSource], clock: any EngineClock) {
        self.sources = sources
        self.clock = clock
    }

    /// The places that AWS's SDKs look at.
    package static func standard(
        environment: [String: String], http: HTTPClient, clock: any EngineClock
    ) -> CredentialChain {
        CredentialChain(
            [
                EnvironmentCredentials(environment: environment), ProfileCredentials(environment: environment),
                ContainerCredentials(environment: environment, http: http),
                InstanceCredentials(environment: environment, http: http),
            ], clock: clock)
    }

    /// - Throws: `CredentialError` when there are none anywhere.
    package func credentials() async throws -> AWSCredentials {
        if let known, known.expires.map({ $0 - Self.margin > clock.now }) ?? true { return known }
        if let looking { return try await looking.value }
        let sources = sources
        let task = Task {
            for source in sources {
                if let found = try await source.credentials() { return found }
            }
            throw CredentialError(
                "there are no AWS credentials: not in the environment (AWS_ACCESS_KEY_ID), not in a profile file, and no "
                    + "container or instance gives any")
        }
        looking = task
        defer { looking = nil }
        do {
            let found = try await task.value
            known = found
            return found
        } catch {
            // What is good for a few minutes still is better than nothing.
            if let known, known.expires.map({ $0 > clock.now }) ?? true { return known }
            throw error
        }
    }

    /// The service says that they are not good any more.
    package func forget(_ credentials: AWSCredentials) { if known == credentials { known = nil } }
}

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
package struct EnvironmentCredentials: CredentialSource {
    private let environment: [String: String]

    package init(environment: [String: String]) { self.environment = environment }

    package func credentials() -> AWSCredentials? {
        guard let id = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"], !id.isEmpty,
            !secret.isEmpty
        else { return nil }
        let token = environment["AWS_SESSION_TOKEN"] ?? ""
        return AWSCredentials(accessKeyID: id, secret: secret, sessionToken: token.isEmpty ? nil : token)
    }
}
