package import Crypto

/// What a signature is good for: one day, one region, one service.
package struct SigningScope: Hashable, Sendable {
    /// Eight digits.
    package var day: String
    package var region: String
    package var service: String

    package init(day: String, region: String, service: String) {
        self.day = day
        self.region = region
        self.service = service
    }

    /// As it stands behind the access key id.
    package var text: String { "\(day)/\(region)/\(service)/\(Self.end)" }

    package static let end = "aws4_request"
}

/// AWS Signature Version 4: keys and signatures.
package enum SignatureV4 {
    package static let algorithm = "AWS4-HMAC-SHA256"

    /// The key of a scope: worth keeping, for it is the same all day.
    package static func key(secret: String, _ scope: SigningScope) -> SymmetricKey {
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for part in [scope.day, scope.region, scope.service, SigningScope.end] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return key
    }

    /// - Parameter time: ISO 8601 without separators: `20130524T000000Z`.
    package static func signature(
        of request: CanonicalRequest, time: String, _ scope: SigningScope, key: SymmetricKey
    ) -> String {
        let text = "\(algorithm)\n\(time)\n\(scope.text)\n\(request.hash)"
        return Hexadecimal.text(of: HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }

    /// Whether two signatures are the same, in a time that does not tell where they differ.
    package static func isEqual(_ left: String, _ right: String) -> Bool {
        isEqual(Array(left.utf8), Array(right.utf8))
    }

    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
