import Crypto
import Foundation
import NIOHTTP1
import Sluice
import SluiceWire
import Synchronization

/// Finds out who asks: reads signatures, and verifies them where the server has credentials.
final class Authenticator: Sendable {
    private let access: Access
    private let hosts: HostRule
    private let home: Home
    private let clock: any EngineClock
    /// The keys of today's scopes: computing one is four hashes.
    private let keys = Mutex<[SigningScope: [String: SymmetricKey]]>([:])

    /// A request's time may be so far from ours.
    private static let skew: Duration = .minutes(15)

    init(_ access: Access, home: Home, clock: any EngineClock) {
        self.access = access
        self.home = home
        self.clock = clock
        if case .everybody(let allowed) = access {
            hosts = HostRule(allowed: allowed)
        } else {
            hosts = HostRule(allowed: [])
        }
    }

    /// Why a request is refused whoever asks and whatever it asks for; `nil` = it is not.
    func refusal(of request: ServerRequest) -> String? {
        guard case .everybody = access else { return nil }
        if !hosts.allows(host: request.host) {
            return
                "The host '\(request.host)' is not a name of this machine. Add it to SLUICE_ALLOWED_HOSTS, or start the "
                + "server with credentials."
        }
        if let origin = request.header("origin"), !hosts.allows(origin: origin) {
            return "A page of '\(origin)' may not ask here. Add its host to SLUICE_ALLOWED_HOSTS."
        }
        return nil
    }

    /// - Throws: `WireError` when the signature is missing, or is not what it should be.
    func caller(of request: ServerRequest, service: String) throws -> Caller {
        let signature: RequestSignature?
        do {
            signature = try RequestSignature(headers: request.headers.map { ($0.name, $0.value) }, query: request.query)
        } catch {
            signature = nil
            if case .keys = access {
                switch error {
                case .missing: throw SQSError.missingSignature
                case .incomplete(let what): throw SQSError.incompleteSignature(what)
                }
            }
        }
        if case .keys(let keys) = access, let signature { try verify(signature, of: request, service: service, keys) }
        return Caller(
            region: signature?.scope.region ?? QueueHost(request.host).region ?? home.region,
            account: Caller.account(of: signature?.accessKeyID, home: home.account),
            accessKeyID: signature?.accessKeyID)
    }

    /// For what no client of AWS asks for: where the server has credentials, they are the name and the password of HTTP's
    /// own Basic scheme.
    func checkPlain(_ request: ServerRequest) throws {
        guard case .keys(let keys) = access else { return }
        let words = (request.header("authorization") ?? "").split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "basic",
            let pair = Data(base64Encoded: String(words[1])).map({ String(decoding: $0, as: UTF8.self) }),
            let colon = pair.firstIndex(of: ":"), let secret = keys.secret(of: String(pair[..<colon])),
            SignatureV4.isEqual(secret, String(pair[pair.index(after: colon)...]))
        else {
            throw SQSError.accessDenied(
                "Sign in with the access key id as the name and the secret access key as the password (Basic).")
        }
    }

    private func verify(
        _ signature: RequestSignature, of request: ServerRequest, service: String, _ known: AccessKeys
    ) throws {
        guard let secret = known.secret(of: signature.accessKeyID) else { throw SQSError.unknownCredentials }
        guard signature.scope.service == service else {
            throw SQSError.wrongSignature("Credential should be scoped to correct service: '\(service)'.")
        }
        try checkTime(of: signature)
        try checkSignedHeaders(of: signature, request)
        let key = key(secret: secret, signature)
        for hash in try payloadHashes(of: request, signature) {
            let canonical = CanonicalRequest(
                method: request.method, path: request.path, query: request.query,
                headers: request.headers.map { ($0.name, $0.value) }, signedHeaders: signature.signedHeaders,
                payloadHash: hash)
            let expected = SignatureV4.signature(of: canonical, time: signature.time, signature.scope, key: key)
            if SignatureV4.isEqual(expected, signature.signature) { return }
        }
        throw SQSError.wrongSignature()
    }

    private func checkTime(of signature: RequestSignature) throws {
        let (moment, now) = (signature.moment, clock.now)
        let text = { (moment: Timestamp) in SigningTime.basic(moment) }
        if moment > now + Self.skew {
            throw SQSError.wrongSignature(
                "Signature not yet current: \(signature.time) is still later than \(text(now + Self.skew)) (\(text(now)) + 15 "
                    + "min.)")
        }
        switch signature.form {
        case .header:
            guard moment < now - Self.skew else { return }
            throw SQSError.wrongSignature(
                "Signature expired: \(signature.time) is now earlier than \(text(now - Self.skew)) (\(text(now)) - 15 min.)"
            )
        case .presigned(let expires):
            guard now >= moment + expires else { return }
            throw SQSError.wrongSignature(
                "Signature expired: \(text(moment + expires)) is now earlier than \(text(now)).")
        }
    }

    /// Host and what AWS reads must be signed: else somebody on the way could change them.
    private func checkSignedHeaders(of signature: RequestSignature, _ request: ServerRequest) throws {
        let signed = Set(signature.signedHeaders)
        let needed = request.headers.map { $0.name.lowercased() }.filter { $0.hasPrefix("x-amz-") } + ["host"]
        if let unsigned = needed.first(where: { !signed.contains($0) }) {
            throw SQSError.wrongSignature("'\(unsigned)' must be a 'SignedHeader' in the AWS Authorization.")
        }
    }

    /// What may stand for the body in what was signed.
    private func payloadHashes(of request: ServerRequest, _ signature: RequestSignature) throws -> [String] {
        let stated = request.header("x-amz-content-sha256")
        if stated == CanonicalRequest.unsignedPayload { return [CanonicalRequest.unsignedPayload] }
        let hash = Hexadecimal.sha256(of: request.body)
        if let stated, stated.lowercased() != hash {
            throw SQSError.wrongSignature("The body is not the one whose hash x-amz-content-sha256 has.")
        }
        if case .presigned = signature.form, request.body.isEmpty { return [hash, CanonicalRequest.unsignedPayload] }
        return [hash]
    }

    private func key(secret: String, _ signature: RequestSignature) -> SymmetricKey {
        if let key = keys.withLock({ $0[signature.scope]?[signature.accessKeyID] }) { return key }
        let key = SignatureV4.key(secret: secret, signature.scope)
        keys.withLock { keys in
            // Of other days, and of regions that somebody made up.
            if keys.count > 64 { keys.removeAll() }
            keys[signature.scope, default: [:]][signature.accessKeyID] = key
        }
        return key
    }
}
