import Foundation

/// The files `~/.aws/credentials` and `~/.aws/config`, or those that `AWS_SHARED_CREDENTIALS_FILE` and `AWS_CONFIG_FILE`
/// name; the profile is `AWS_PROFILE`, else `default`.
package struct ProfileCredentials: CredentialSource {
    private let environment: [String: String]

    package init(environment: [String: String]) { self.environment = environment }

    private var profile: String { environment["AWS_PROFILE"] ?? environment["AWS_DEFAULT_PROFILE"] ?? "default" }

    package func credentials() throws -> AWSCredentials? {
        let home = environment["HOME"] ?? NSHomeDirectory()
        let files = [
            (environment["AWS_SHARED_CREDENTIALS_FILE"] ?? "\(home)/.aws/credentials", profile),
            // In the configuration a profile's section says so, except the default one's.
            (
                environment["AWS_CONFIG_FILE"] ?? "\(home)/.aws/config",
                profile == "default" ? profile : "profile \(profile)"
            ),
        ]
        for (path, section) in files {
            guard let data = FileManager.default.contents(atPath: path) else { continue }
            let values = Self.section(section, of: String(decoding: data, as: UTF8.self))
            guard let id = values["aws_access_key_id"] else { continue }
            guard let secret = values["aws_secret_access_key"] else {
                throw CredentialError(
                    "profile '\(profile)' in '\(path)' has an aws_access_key_id and no aws_secret_access_key")
            }
            return AWSCredentials(accessKeyID: id, secret: secret, sessionToken: values["aws_session_token"])
        }
        return nil
    }

    /// The `key = value` lines of one `[section]`; a line that begins with `#` or `;` says nothing.
    static func section(_ name: String, of text: String) -> [String: String] {
        var values: [String: String] = [:]
        var isInside = false
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                let title = line[line.index(after: line.startIndex)..<end].split(whereSeparator: \.isWhitespace)
                isInside = title.joined(separator: " ") == name
                continue
            }
            guard isInside, let equals = line.firstIndex(of: "=") else { continue }
            let key = line[..<equals].trimmingCharacters(in: .whitespaces).lowercased()
            values[key] = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
        }
        return values
    }
}
