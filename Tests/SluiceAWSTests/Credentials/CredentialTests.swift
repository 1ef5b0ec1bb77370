import AsyncHTTPClient
import Foundation
import NIOHTTP1
import Sluice
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceAWS

@Suite("Credentials")
struct CredentialTests {
    @Test("the environment's come with their token, and both halves are needed")
    func environment() {
        let both = ["AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"]
        #expect(
            EnvironmentCredentials(environment: both).credentials()
                == AWSCredentials(accessKeyID: "id", secret: "secret", sessionToken: "token"))
        #expect(EnvironmentCredentials(environment: ["AWS_ACCESS_KEY_ID": "id"]).credentials() == nil)
    }

    @Test("a profile's are found in either file")
    func profiles() throws {
        let folder = NSTemporaryDirectory() + "/sluice-profiles-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
        let files = ["AWS_SHARED_CREDENTIALS_FILE": "\(folder)/credentials", "AWS_CONFIG_FILE": "\(folder)/config"]
        try """
        # mine
        [default]
        aws_access_key_id = one
        aws_secret_access_key=first=
        [half]
        aws_access_key_id = two
        """.write(toFile: "\(folder)/credentials", atomically: true, encoding: .utf8)
        try """
        [ profile  work ]
        region = eu-west-1
        aws_access_key_id = three
        aws_secret_access_key = third
        """.write(toFile: "\(folder)/config", atomically: true, encoding: .utf8)
        let profile = { (name: String?) in
            try ProfileCredentials(environment: name.map { files.merging(["AWS_PROFILE": $0]) { $1 } } ?? files)
                .credentials()
        }
        #expect(try profile(nil) == AWSCredentials(accessKeyID: "one", secret: "first="))
        #expect(try profile("work") == AWSCredentials(accessKeyID: "three", secret: "third"))
        #expect(try profile("nobody") == nil)
        #expect(throws: CredentialError.self) { try profile("half") }
    }

    @Test("a container's are asked for with its token")
    func container() async throws {
        let service = try await ScriptedService([
            .init(body: #"{"AccessKeyId":"id","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T01:00:00Z"}"#)
        ])
        let environment = [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(service.url)/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "bearer",
        ]
        let found = try await ContainerCredentials(environment: environment, http: HTTPClient.shared).credentials()
        #expect(
            found
                == AWSCredentials(
                    accessKeyID: "id", secret: "s", sessionToken: "t",
                    expires: Timestamp(milliseconds: 1_767_229_200_000)))
        #expect(service.requests.map(\.line) == ["GET /v1/credentials"])
        #expect(service.requests.first?.headers.first(name: "Authorization") == "bearer")
        try await service.close()
    }

    @Test("an instance's are asked for with a token of its own")
    func instance() async throws {
        let service = try await ScriptedService([
            .init(body: "metadata-token"), .init(body: "role\n"),
            .init(body: #"{"AccessKeyId":"id","SecretAccessKey":"s"}"#),
        ])
        let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url]
        let found = try await InstanceCredentials(environment: environment, http: HTTPClient.shared).credentials()
        #expect(found == AWSCredentials(accessKeyID: "id", secret: "s"))
        let path = "/latest/meta-data/iam/security-credentials/"
        #expect(service.requests.map(\.line) == ["PUT /latest/api/token", "GET \(path)", "GET \(path)role"])
        #expect(service.requests.last?.headers.first(name: "X-aws-ec2-metadata-token") == "metadata-token")
        try await service.close()
        let off = ["AWS_EC2_METADATA_DISABLED": "true"]
        #expect(try await InstanceCredentials(environment: off, http: HTTPClient.shared).credentials() == nil)
    }

    /// Gives another key every time it is asked, good for an hour.
    private final class Rotating: CredentialSource {
        let clock: ManualClock
        let asked = Mutex(0)

        init(clock: ManualClock) { self.clock = clock }

        func credentials() -> AWSCredentials? {
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            return AWSCredentials(accessKeyID: "\(number)", secret: "s", expires: clock.now + .hours(1))
        }
    }

    @Test("the first place that has some wins, and they are kept until shortly before they expire")
    func chain() async throws {
        let clock = ManualClock()
        let source = Rotating(clock: clock)
        let chain = CredentialChain([EnvironmentCredentials(environment: [:]), source], clock: clock)
        #expect(try await chain.credentials().accessKeyID == "1")
        clock.advance(by: .minutes(54))
        #expect(try await chain.credentials().accessKeyID == "1")
        clock.advance(by: .minutes(2))
        #expect(try await chain.credentials().accessKeyID == "2")
        await chain.forget(try await chain.credentials())
        #expect(try await chain.credentials().accessKeyID == "3")
    }

    @Test("with none anywhere it says where it has looked")
    func none() async {
        let error = await #expect(throws: CredentialError.self) {
            try await CredentialChain([], clock: ManualClock()).credentials()
        }
        #expect(error?.description.contains("AWS_ACCESS_KEY_ID") == true)
    }
}
