import Foundation
import Sluice

extension DefinitionVariables {
    /// The variables of an environment, and the files that secrets are kept in.
    /// - Parameter folder: that of the definition, which relative paths are relative to.
    static func ofThisMachine(environment: [String: String], folder: String?, secrets: Bool) -> DefinitionVariables {
        DefinitionVariables(secrets: secrets) { reference in
            switch reference {
            case .variable(let name):
                if let value = environment[name] { return .text(value) }
                return .missing(
                    problem: "${\(name)} is not set",
                    expected: "set the variable, or write a default: ${\(name):-…}")
            case .file(let path): return secret(in: path, folder: folder, called: "${file:\(path)}")
            case .credential(let name):
                return credential(name, in: environment["CREDENTIALS_DIRECTORY"])
            }
        }
    }

    /// Larger than any key or token; a definition is no place for a file's content.
    private static let largestSecret = 64 << 10

    private static func credential(_ name: String, in folder: String?) -> Value {
        let reference = "${credential:\(name)}"
        guard !name.isEmpty, !name.contains("/"), name != "..", name != "." else {
            return .missing(problem: "\(reference) is no name of a credential", expected: "expected ${credential:NAME}")
        }
        guard let folder, !folder.isEmpty else {
            return .missing(
                problem: "\(reference) is not there: CREDENTIALS_DIRECTORY is not set",
                expected: "run it as a systemd service with LoadCredential=\(name):…")
        }
        return secret(in: name, folder: folder, called: reference)
    }

    private static func secret(in path: String, folder: String?, called reference: String) -> Value {
        guard !path.isEmpty else {
            return .missing(problem: "\(reference) names no file", expected: "expected ${file:/path}")
        }
        let whole = path.hasPrefix("/") ? path : (folder.map { "\($0)/\(path)" } ?? path)
        switch RegularFile.read(whole, limit: largestSecret) {
        case .failure(let reason):
            return .missing(problem: "\(reference): \(reason.problem)", expected: reason.expected)
        case .success(let bytes):
            guard var text = String(validating: bytes, as: UTF8.self) else {
                return .missing(problem: "\(reference) is not text", expected: "expected a file in UTF-8")
            }
            // An editor's newline at the end is not part of a password.
            if text.last?.isNewline == true { text.removeLast() }
            return .text(text)
        }
    }
}
