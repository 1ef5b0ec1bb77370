package import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Sluice

/// Credentials that an agent beside a container gives: ECS, EKS Pod Identity.
package struct ContainerCredentials: CredentialSource {
    private let environment: [String: String]
    private let http: HTTPClient

    package init(environment: [String: String], http: HTTPClient) {
        self.environment = environment
        self.http = http
    }

    package func credentials() async throws -> AWSCredentials? {
        let url: String
        if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
            url = "http://169.254.170.2\(path)"
        } else if let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
            url = full
        } else {
            return nil
        }
        var request = HTTPClientRequest(url: url)
        if let token = try token() { request.headers.add(name: "Authorization", value: token) }
        return try await MetadataAnswer.read(request, http, from: "the container's credentials at \(url)").credentials()
    }

    private func token() throws -> String? {
        if let file = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] {
            guard let data = FileManager.default.contents(atPath: file) else {
                throw CredentialError("the container's token cannot be read: '\(file)'")
            }
            return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    }
}

/// Credentials of the role of an EC2 instance (IMDSv2).
package struct InstanceCredentials: CredentialSource {
    private let environment: [String: String]
    private let http: HTTPClient

    private static let path = "/latest/meta-data/iam/security-credentials/"

    package init(environment: [String: String], http: HTTPClient) {
        self.environment = environment
        self.http = http
    }

    package func credentials() async throws -> AWSCredentials? {
        guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
        let base = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
        var ask = HTTPClientRequest(url: "\(base)/latest/api/token")
        ask.method = .PUT
        ask.headers.add(name: "X-aws-ec2-metadata-token-ttl-seconds", value: "21600")
        let token: String
        do {
            token = try await MetadataAnswer.text(ask, http, from: "the instance's metadata")
        } catch {
            // Most machines are no instances: nobody answers there.
            return nil
        }
        var request = HTTPClientRequest(url: base + Self.path)
        request.headers.add(name: "X-aws-ec2-metadata-token", value: token)
        let role = try await MetadataAnswer.text(request, http, from: "the instance's role")
        request.url = base + Self.path + role
        return try await MetadataAnswer.read(request, http, from: "the credentials of the instance's role")
            .credentials()
    }
}

/// What a metadata service answers.
private struct MetadataAnswer: Decodable {
    var accessKeyID: String
    var secret: String
    var token: String?
    var expiration: String?

    private enum CodingKeys: String, CodingKey {
        case accessKeyID = "AccessKeyId"
        case secret = "SecretAccessKey"
        case token = "Token"
        case expiration = "Expiration"
    }

    /// They answer from this machine, or not at all.
    private static let patience = TimeAmount.seconds(2)
    private static let longest = 1 << 16

    func credentials() throws -> AWSCredentials {
        let expires = try expiration.map { try Date($0, strategy: .iso8601) }
        return AWSCredentials(
            accessKeyID: accessKeyID, secret: secret, sessionToken: token,
            expires: expires.map { Timestamp(milliseconds: Int64($0.timeIntervalSince1970 * 1_000)) })
    }

    static func text(_ request: HTTPClientRequest, _ http: HTTPClient, from what: String) async throws -> String {
        let response = try await http.execute(request, timeout: patience)
        let body = try await response.body.collect(upTo: longest)
        guard response.status == .ok else { throw CredentialError("\(what) answered \(response.status.code)") }
        return String(buffer: body).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    static func read(_ request: HTTPClientRequest, _ http: HTTPClient, from what: String) async throws -> MetadataAnswer
    {
        let text = try await text(request, http, from: what)
        do {
            return try JSONDecoder().decode(MetadataAnswer.self, from: Data(text.utf8))
        } catch {
            throw CredentialError("\(what) cannot be read: \(error)")
        }
    }
}
