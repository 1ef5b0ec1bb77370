/// What `${…}` in a value may stand for.
package struct DefinitionVariables: Sendable {
    package enum Reference: Hashable, Sendable {
        /// `${NAME}`
        case variable(String)
        /// `${file:/path}`
        case file(String)
        /// `${credential:NAME}`: a file in systemd's `CREDENTIALS_DIRECTORY`.
        case credential(String)
    }

    package enum Value: Hashable, Sendable {
        case text(String)
        /// There is none, and what to do about it.
        case missing(problem: String, expected: String)
    }

    package var look: @Sendable (Reference) -> Value
    /// False: what is missing, and every secret, is left unknown instead of being a mistake (`--no-secrets`).
    package var secrets: Bool

    package init(secrets: Bool = true, look: @escaping @Sendable (Reference) -> Value) {
        self.secrets = secrets
        self.look = look
    }
}

/// `${NAME}`, `${NAME:-default}`, `${file:/path}`, `${credential:NAME}` inside one scalar; `$${` is a literal `${`.
/// It happens after parsing, so that no value can ever add a key.
enum Interpolation {
    struct Expansion {
        /// `nil` = not known: something is missing.
        var text: String?
        var secrets: [String] = []
        var complaints: [Complaint] = []
        /// What the references stood for, in words that tell nothing secret: `SHOP_DB from the environment`.
        var origins: [String] = []
    }

    static func expand(_ written: String, with variables: DefinitionVariables) -> Expansion {
        guard written.contains("${") else { return Expansion(text: written) }
        var expansion = Expansion(text: "")
        var rest = written[...]
        while let open = rest.firstRange(of: "${") {
            let before = rest[..<open.lowerBound]
            if before.last == "$" {
                expansion.text?.append(contentsOf: before.dropLast() + "${")
                rest = rest[open.upperBound...]
                continue
            }
            expansion.text?.append(contentsOf: before)
            guard let close = rest[open.upperBound...].firstIndex(of: "}") else {
                expansion.complaints.append(
                    Complaint("'${' is not closed", expected: "write '}' behind the name, or '$${' for a literal '${'"))
                return expansion
            }
            expansion.append(rest[open.upperBound..<close], with: variables)
            rest = rest[rest.index(after: close)...]
        }
        expansion.text?.append(contentsOf: rest)
        return expansion
    }
}

extension Interpolation.Expansion {
    fileprivate mutating func append(_ reference: Substring, with variables: DefinitionVariables) {
        if let path = reference.removingPrefix("file:") {
            appendSecret(.file(String(path)), with: variables)
        } else if let name = reference.removingPrefix("credential:") {
            appendSecret(.credential(String(name)), with: variables)
        } else {
            appendVariable(reference, with: variables)
        }
    }

    private mutating func appendSecret(_ reference: DefinitionVariables.Reference, with variables: DefinitionVariables)
    {
        guard variables.secrets else {
            text = nil
            return
        }
        switch variables.look(reference) {
        case .text(let secret):
            secrets.append(secret)
            text?.append(secret)
            origins.append(reference.origin)
        case .missing(let problem, let expected): complaints.append(Complaint(problem, expected: expected))
        }
    }

    private mutating func appendVariable(_ reference: Substring, with variables: DefinitionVariables) {
        let parts = reference.firstRange(of: ":-")
        let name = parts.map { reference[..<$0.lowerBound] } ?? reference
        let fallback = parts.map { reference[$0.upperBound...] }
        guard name.isVariableName, fallback?.contains("${") != true else {
            complaints.append(
                Complaint(
                    "'${\(reference)}' is not a reference",
                    expected: "expected ${NAME}, ${NAME:-default}, ${file:/path} or ${credential:NAME}; "
                        + "'$${' is a literal '${'"))
            return
        }
        switch variables.look(.variable(String(name))) {
        case .text(let value) where fallback == nil || !value.isEmpty:
            text?.append(value)
            origins.append("\(name) from the environment")
        case .text:
            text?.append(contentsOf: fallback ?? "")
            origins.append("the default of \(name), which is empty")
        case .missing(let problem, let expected):
            if let fallback {
                text?.append(contentsOf: fallback)
                origins.append("the default of \(name), which is not set")
            } else if variables.secrets {
                complaints.append(Complaint(problem, expected: expected))
            } else {
                text = nil
            }
        }
    }
}

extension DefinitionVariables.Reference {
    fileprivate var origin: String {
        switch self {
        case .variable(let name): "\(name) from the environment"
        case .file(let path): "the file \(path)"
        case .credential(let name): "the credential \(name)"
        }
    }
}

extension Substring {
    fileprivate func removingPrefix(_ prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }

    fileprivate var isVariableName: Bool {
        guard let first = utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return utf8.allSatisfy(\.isWordByte)
    }
}

extension UInt8 {
    /// A letter, a digit or `_`, in ASCII.
    var isWordByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
