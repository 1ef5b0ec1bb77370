package import Sluice

/// Who signs: an access key, and where it is temporary the token that goes with it, and until when.
package struct AWSCredentials: Sendable, Hashable {
    package var accessKeyID: String
    package var secret: String
    package var sessionToken: String?
    /// `nil` = they do not expire.
    package var expires: Timestamp?

    package init(accessKeyID: String, secret: String, sessionToken: String? = nil, expires: Timestamp? = nil) {
        self.accessKeyID = accessKeyID
        self.secret = secret
        self.sessionToken = sessionToken
        self.expires = expires
    }
}

/// One place where credentials may be. Asked whenever some are needed and the ones before have expired.
package protocol CredentialSource: Sendable {
    /// `nil` = there are none here: the next place is asked.
    /// - Throws: `CredentialError` when there should be some, and they cannot be had.
    func credentials() async throws -> AWSCredentials?
}

package struct CredentialError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
