import Foundation
import Sluice
import SluiceWire

/// A queue's policy: statements of who may do what. Kept as its author wrote it; permissions add and take statements.
struct QueuePolicy {
    /// As JSON says it. Statements of other authors keep what this program does not know.
    private var document: [String: Any]

    private static let usualVersion = "2008-10-17"

    /// - Throws: `WireError` when it is no policy.
    init(parsing text: String) throws {
        do {
            guard let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
                throw SQSError.invalidAttributeValue("Policy")
            }
            document = object
        } catch {
            throw SQSError.invalidAttributeValue("Policy")
        }
    }

    init(ofQueue arn: String) {
        document = ["Version": Self.usualVersion, "Id": "\(arn)/SQSDefaultPolicy", "Statement": [[String: Any]]()]
    }

    /// One statement may stand without a list.
    private var statements: [[String: Any]] {
        get {
            if let one = document["Statement"] as? [String: Any] { return [one] }
            return document["Statement"] as? [[String: Any]] ?? []
        }
        set { document["Statement"] = newValue }
    }

    var isEmpty: Bool { statements.isEmpty }

    func has(_ label: String) -> Bool { statements.contains { $0["Sid"] as? String == label } }

    mutating func allow(_ actions: [String], to accounts: [String], on arn: String, label: String) {
        let principals = accounts.map { "arn:aws:iam::\($0):root" }
        let names = actions.map { "SQS:\($0)" }
        statements.append([
            "Sid": label, "Effect": "Allow",
            "Principal": ["AWS": principals.count == 1 ? principals[0] : principals as Any],
            "Action": names.count == 1 ? names[0] : names as Any, "Resource": arn,
        ])
    }

    mutating func remove(_ label: String) { statements.removeAll { $0["Sid"] as? String == label } }

    func text() throws -> String {
        String(
            decoding: try JSONSerialization.data(
                withJSONObject: document, options: [.sortedKeys, .withoutEscapingSlashes]),
            as: UTF8.self)
    }

    /// Whether a statement forbids an action to an account's principals, or to everybody. The account that owns a queue
    /// may do everything that is not forbidden, and only that account asks here.
    func denies(_ action: String, to account: String) -> Bool {
        statements.contains { statement in
            statement["Effect"] as? String == "Deny" && statement["Condition"] == nil
                && Self.names(statement["Principal"]).contains { Self.isPrincipal($0, of: account) }
                && Self.list(statement["Action"]).contains { Self.matches($0, action) }
        }
    }

    private static func list(_ value: Any?) -> [String] {
        if let one = value as? String { return [one] }
        return value as? [String] ?? []
    }

    private static func names(_ principal: Any?) -> [String] {
        if let one = principal as? String { return [one] }
        return list((principal as? [String: Any])?["AWS"])
    }

    private static func isPrincipal(_ principal: String, of account: String) -> Bool {
        principal == "*" || principal == account || principal.contains("::\(account):")
    }

    /// `SQS:SendMessage`, `sqs:*`, `sqs:Send*`, `*`.
    private static func matches(_ pattern: String, _ action: String) -> Bool {
        guard pattern != "*" else { return true }
        let pattern = pattern.lowercased()
        guard pattern.hasPrefix("sqs:") else { return false }
        let name = pattern.dropFirst(4)
        return name.hasSuffix("*") ? action.lowercased().hasPrefix(name.dropLast()) : action.lowercased() == name
    }
}
