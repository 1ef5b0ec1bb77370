import Foundation
import Sluice

/// Credentials of AWS's kind.
struct KeyPair: Sendable, Hashable {
    var id: String
    var secret: String

    static let fileName = "credentials"

    /// The pair of a data folder: made when there is none. The file is one that AWS's tools read
    /// (`AWS_SHARED_CREDENTIALS_FILE`).
    static func kept(inFolder folder: String) throws -> KeyPair {
        let path = "\(folder)/\(fileName)"
        if let text = FileManager.default.contents(atPath: path).map({ String(decoding: $0, as: UTF8.self) }) {
            guard let pair = KeyPair(profile: text) else {
                throw ControlError.refused(
                    "'\(path)' has no aws_access_key_id and aws_secret_access_key; remove it to have others made")
            }
            return pair
        }
        let pair = KeyPair.random()
        let isMade = FileManager.default.createFile(
            atPath: path, contents: Data(pair.profile.utf8), attributes: [.posixPermissions: 0o600])
        guard isMade else { throw ControlError.forbidden("cannot write '\(path)'; whose is the folder?") }
        return pair
    }

    private static func random() -> KeyPair {
        var generator = SystemRandomNumberGenerator()
        func text(_ length: Int, of alphabet: String) -> String {
            let letters = Array(alphabet)
            return String((0..<length).map { _ in letters[Int.random(in: letters.indices, using: &generator)] })
        }
        let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        // As long as AWS's own are.
        return KeyPair(
            id: "AKIA" + text(16, of: upper),
            secret: text(40, of: upper + "abcdefghijklmnopqrstuvwxyz0189"))
    }

    private var profile: String {
        """
        [default]
        aws_access_key_id = \(id)
        aws_secret_access_key = \(secret)

        """
    }

    private init?(profile text: String) {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
        guard let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else { return nil }
        self.init(id: id, secret: secret)
    }

    init(id: String, secret: String) {
        self.id = id
        self.secret = secret
    }
}
